import { X509Certificate } from 'node:crypto'
import { mkdtemp, readdir, rm, stat, unlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openAuthority } from '../../../server/pki/authority.ts'
import type { Authority } from '../../../server/pki/authority.ts'

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
