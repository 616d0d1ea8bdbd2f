import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, createServer } from 'node:tls'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openAuthority } from '../../../server/pki/authority.ts'
import type { Authority } from '../../../server/pki/authority.ts'
import { issueCaCertificate } from '../../../server/pki/certificate.ts'
import { ensureServerCertificate } from '../../../server/pki/server-certificate.ts'

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

  it('is kept with its key readable by the owner only', async () => {
    await ensureServerCertificate(authority, dir, NAMES, NOW)
    expect((await stat(join(dir, 'server.key'))).mode & 0o777).toBe(0o600)
  })
})
