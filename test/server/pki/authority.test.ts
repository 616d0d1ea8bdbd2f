import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, stat, unlink, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, createServer } from 'node:tls'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { endWarnings, openAuthority, readAuthorityIn, renewAuthority } from '../../../server/pki/authority.ts'
import type { Authority } from '../../../server/pki/authority.ts'
import { ensureServerCertificate } from '../../../server/pki/server-certificate.ts'

const NOW = new Date('2026-06-01T00:00:00Z')

let dir: string
let authority: Authority
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'landfall-pki-'))
  authority = await openAuthority(dir, NOW)
})
afterAll(() => rm(dir, { recursive: true }))

async function scratch(): Promise<string> {
  return mkdtemp(join(dir, 'case-'))
}

describe('openAuthority', () => {
  it('makes a CA certificate: RSA-2048, SHA-256, ten years, valid for machines whose clock is wrong', () => {
    const certificate = new X509Certificate(authority.certificate)
    expect(certificate.ca).toBe(true)
    expect(certificate.publicKey.asymmetricKeyDetails?.modulusLength).toBe(2048)
    expect(certificate.signatureAlgorithm).toMatch(/sha256/i)
    expect(certificate.validFromDate).toEqual(new Date('2000-01-01T00:00:00Z'))
    expect(certificate.validToDate).toEqual(new Date('2036-06-01T00:00:00Z'))
    expect(certificate.verify(certificate.publicKey)).toBe(true)
    expect(authority.fingerprint).toBe(certificate.fingerprint256.replaceAll(':', '').toLowerCase())
  })

  it('keeps keys and certificates readable by the owner only', async () => {
    for (const file of (await readdir(dir)).filter((name) => name.startsWith('ca.'))) {
      expect((await stat(join(dir, file))).mode & 0o777, file).toBe(0o600)
    }
  })

  it('opens the same authority again', async () => {
    expect(await openAuthority(dir, NOW)).toEqual(authority)
  })

  it('starts anew after an interrupted first start, which leaves a key alone', async () => {
    const at = await scratch()
    await writeFile(join(at, 'ca.key'), authority.key)
    expect((await openAuthority(at, NOW)).fingerprint).not.toBe(authority.fingerprint)
  })

  it('refuses a certificate without its key', async () => {
    const at = await scratch()
    await openAuthority(at, NOW)
    await unlink(join(at, 'ca.key'))
    await expect(openAuthority(at, NOW)).rejects.toMatchObject({ code: 'CA_INCOMPLETE' })
  })

  it('refuses a key that is not the certificate’s, and garbage', async () => {
    const at = await scratch()
    await openAuthority(at, NOW)
    await writeFile(join(at, 'ca.key'), authority.key)
    await expect(openAuthority(at, NOW)).rejects.toMatchObject({ code: 'CA_MISMATCH' })
    await writeFile(join(at, 'ca.crt'), 'garbage')
    await expect(openAuthority(at, NOW)).rejects.toMatchObject({ code: 'CA_MISMATCH' })
  })

  it('refuses an expired authority', async () => {
    await expect(openAuthority(dir, new Date('2037-01-01'))).rejects.toMatchObject({ code: 'CA_EXPIRED' })
  })

  it('says which file it could not read', async () => {
    const at = await scratch()
    await writeFile(join(at, 'file'), '')
    await expect(openAuthority(join(at, 'file'), NOW)).rejects.toMatchObject({ code: 'PKI_UNREADABLE' })
  })
})

describe('renewAuthority', () => {
  const LATER = new Date('2036-01-01T00:00:00Z')

  it('gives the same key and name another ten years, and keeps the old certificate', async () => {
    const at = await scratch()
    const former = await openAuthority(at, NOW)
    const renewed = await renewAuthority(at, LATER)
    expect(renewed).toMatchObject({ key: former.key, name: former.name })
    expect(renewed.fingerprint).not.toBe(former.fingerprint)
    expect(renewed.notAfter).toEqual(new Date('2046-01-01T00:00:00Z'))
    expect(await openAuthority(at, LATER)).toEqual(renewed)
    expect(await readFile(join(at, 'ca.until-2036-06-01.crt'), 'utf8')).toBe(former.certificate)
  })

  it('brings one back that has expired', async () => {
    const at = await scratch()
    await openAuthority(at, NOW)
    await renewAuthority(at, new Date('2040-01-01'))
    expect((await openAuthority(at, new Date('2040-01-02'))).notAfter).toEqual(new Date('2050-01-01T00:00:00Z'))
  })

  it('is trusted by clients of the old certificate and the new one, on either side', { timeout: 60_000 }, async () => {
    const at = await scratch()
    const former = await openAuthority(at, NOW)
    const before = await ensureServerCertificate(former, await scratch(), ['localhost'], NOW)
    const renewed = await renewAuthority(at, NOW)
    const after = await ensureServerCertificate(renewed, await scratch(), ['localhost'], NOW)
    for (const { key, certificate } of [before, after]) {
      await using server = createServer({ key, cert: certificate }).listen(0, '127.0.0.1')
      await once(server, 'listening')
      const { port } = server.address() as AddressInfo
      for (const ca of [former.certificate, renewed.certificate]) {
        const socket = connect({ port, host: '127.0.0.1', servername: 'localhost', ca })
        await once(socket, 'secureConnect')
        expect(socket.authorized).toBe(true)
        socket.destroy()
      }
    }
  })

  it('has nothing to renew where no server ever started', async () => {
    await expect(renewAuthority(await scratch(), NOW)).rejects.toMatchObject({ code: 'CA_INCOMPLETE' })
    await expect(readAuthorityIn(await scratch())).rejects.toMatchObject({ code: 'CA_INCOMPLETE' })
  })
})

it('warns of its end a year before', () => {
  expect(endWarnings(authority, new Date('2035-05-01'))).toEqual([])
  expect(endWarnings(authority, new Date('2035-07-01'))).toEqual([expect.stringContaining('2036-06-01')])
})
