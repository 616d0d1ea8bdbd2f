import { X509Certificate } from 'node:crypto'
import { mkdtemp, readdir, rm, stat, unlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer, connect } from 'node:tls'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openAuthority } from '../../../server/pki/authority.ts'
import type { Authority } from '../../../server/pki/authority.ts'
import { issueCaCertificate } from '../../../server/pki/certificate.ts'
import { ensureServerCertificate } from '../../../server/pki/server-certificate.ts'
import { servedNames } from '../../../server/pki/served-names.ts'

const NOW = new Date('2026-06-01T00:00:00Z')
const NAMES = ['landfall.example', '192.0.2.1', 'localhost', '127.0.0.1', 'fd00::1'] as const

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

describe('ensureServerCertificate', () => {
  it('covers every name and address, and passes the CA’s verification in a TLS handshake', async () => {
    const { key, certificate } = await ensureServerCertificate(authority, dir, NAMES, NOW)
    const parsed = new X509Certificate(certificate)
    expect(parsed.checkHost('landfall.example')).toBe('landfall.example')
    for (const address of ['192.0.2.1', '127.0.0.1', 'fd00::1']) expect(parsed.checkIP(address)).toBe(address)
    expect(parsed.checkIP('192.0.2.2')).toBeUndefined()
    expect(parsed.ca).toBe(false)

    const server = createServer({ key, cert: certificate, minVersion: 'TLSv1.2' }, (socket) => socket.end())
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const socket = connect({
      port: (server.address() as AddressInfo).port,
      host: '127.0.0.1',
      ca: authority.certificate,
    })
    await once(socket, 'secureConnect')
    expect(socket.authorized).toBe(true)
    socket.destroy()
    server.close()
  })

  it('is kept while it fits', async () => {
    const first = await ensureServerCertificate(authority, dir, NAMES, NOW)
    expect(await ensureServerCertificate(authority, dir, ['localhost'], NOW)).toEqual(first)
  })

  it('is issued anew for a new address, near its end, for another authority, and when damaged', async () => {
    const at = await scratch()
    const first = await ensureServerCertificate(authority, at, NAMES, NOW)
    const moved = await ensureServerCertificate(authority, at, [...NAMES, '192.0.2.9'], NOW)
    expect(moved.certificate).not.toBe(first.certificate)
    const renewed = await ensureServerCertificate(authority, at, NAMES, new Date('2028-05-01T00:00:00Z'))
    expect(renewed.certificate).not.toBe(moved.certificate)
    const other = {
      ...authority,
      ...(await issueCaCertificate('Other CA', { notBefore: NOW, notAfter: authority.notAfter })),
    }
    const foreign = await ensureServerCertificate(other, at, NAMES, NOW)
    expect(new X509Certificate(foreign.certificate).issuer).toContain('Other CA')
    await writeFile(join(at, 'server.key'), 'garbage')
    expect((await ensureServerCertificate(other, at, NAMES, NOW)).key).not.toBe('garbage')
  })

  it('is not issued at every start when the authority itself ends soon', async () => {
    const at = await scratch()
    const late = new Date('2036-05-15T00:00:00Z')
    const first = await ensureServerCertificate(authority, at, NAMES, late)
    expect(await ensureServerCertificate(authority, at, NAMES, late)).toEqual(first)
  })
})

describe('servedNames', () => {
  it('names loopback, this host and the extra names, each once and without zones', () => {
    const names = servedNames(['landfall.example', 'localhost'])
    expect(names).toEqual(expect.arrayContaining(['localhost', '127.0.0.1', '::1', 'landfall.example']))
    expect(new Set(names).size).toBe(names.length)
    expect(names.some((name) => name.includes('%') || name.startsWith('fe80'))).toBe(false)
  })
})
