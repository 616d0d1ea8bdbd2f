// What really goes over the wire, read from a raw socket: boot firmware is no browser.
import { once } from 'node:events'
import { writeFile, mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as tlsConnect } from 'node:tls'
import { Hono } from 'hono'
import { afterEach, describe, expect, it } from 'vitest'
import { fileAssets } from '../../../server/http/assets.ts'
import { canonicalName } from '../../../server/http/header-case.ts'
import { listen } from '../../../server/http/listen.ts'
import type { Listening, ListenOptions } from '../../../server/http/listen.ts'
import { openAuthority } from '../../../server/pki/authority.ts'
import { ensureServerCertificate } from '../../../server/pki/server-certificate.ts'
import { testBootApp } from './boot/support.ts'
import { testServer } from './support.ts'

const open: Listening[] = []
afterEach(async () => {
  for (const listening of open.splice(0)) await listening.stop(0)
})

async function start(options: Partial<ListenOptions> = {}): Promise<Listening> {
  const listening = await listen({ app: testBootApp(), host: '127.0.0.1', port: 0, configKey: 'http.port', ...options })
  open.push(listening)
  return listening
}

/** Sends bytes as they are and reads until the server closes. */
async function exchange(port: number, request: string, tls?: { ca: string; host: string }): Promise<string> {
  const socket = tls ? tlsConnect({ port, ...tls }) : connect(port, '127.0.0.1')
  socket.write(request)
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  await once(socket, 'close')
  return Buffer.concat(chunks).toString('latin1')
}

const request = (line: string, ...headers: string[]) =>
  [`${line} HTTP/1.1`, 'Host: 192.0.2.1:8080', 'Connection: close', ...headers, '', ''].join('\r\n')

describe('on the wire', () => {
  it.each([
    '/boot/installer/vmlinuz',
    '/boot/ipxe?mac=52:54:00:12:34:56',
    '/boot/loaders/snponly.efi',
    '/boot/none',
    '/',
  ])('statement 53: spells Content-Length as GRUB wants it, never chunks and never redirects: %s', async (path) => {
    const { port } = await start()
    for (const method of ['GET', 'HEAD']) {
      const [head = '', body] = (await exchange(port, request(`${method} ${path}`))).split('\r\n\r\n', 2)
      expect(head).toMatch(/^HTTP\/1\.1 (200|404) /)
      expect(head).toMatch(/\r\nContent-Length: \d+\r\n/)
      expect(head).not.toMatch(/transfer-encoding/i)
      const names = head
        .split('\r\n')
        .slice(1)
        .map((line) => line.slice(0, line.indexOf(':')))
      expect(names).toEqual(names.map(canonicalName))
      if (method === 'HEAD') expect(body).toBe('')
    }
  })

  it('sends a large file whole and in ranges', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'landfall-wire-'))
    try {
      const content = Buffer.alloc(3_000_000, 'landfall ')
      await writeFile(join(dir, 'vmlinuz'), content)
      const { port } = await start({
        app: testBootApp({ assets: fileAssets({ 'installer/vmlinuz': join(dir, 'vmlinuz') }) }),
      })
      const [head = '', body = ''] = (await exchange(port, request('GET /boot/installer/vmlinuz'))).split('\r\n\r\n', 2)
      expect(head).toContain('Content-Length: 3000000')
      expect(body).toBe(content.toString('latin1'))
      const part = await exchange(port, request('GET /boot/installer/vmlinuz', 'Range: bytes=1000000-1999999'))
      expect(part).toMatch(/^HTTP\/1\.1 206 /)
      expect(part).toContain('\r\nContent-Range: bytes 1000000-1999999/3000000\r\n')
      expect(part.split('\r\n\r\n', 2)[1]).toBe(content.subarray(1_000_000, 2_000_000).toString('latin1'))
    } finally {
      await rm(dir, { recursive: true })
    }
  })

  it('keeps the connection for the next request', async () => {
    const { port } = await start()
    const both = await exchange(port, `GET /livez HTTP/1.1\r\nHost: x\r\n\r\n${request('GET /readyz')}`)
    expect(both.match(/HTTP\/1\.1 200/g)).toHaveLength(2)
  })

  it.each([
    '\0\0\0',
    'GET\r\n\r\n',
    'GET / HTTP/9.9\r\n\r\n',
    `GET /${'a'.repeat(100_000)} HTTP/1.1\r\n\r\n`,
    'GET \\..\\x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
  ])('answers garbage with 4xx and lives on', async (garbage) => {
    const { port } = await start()
    expect(await exchange(port, garbage)).toMatch(/^(HTTP\/1\.1 4\d\d |$)/)
    expect(await exchange(port, request('GET /livez'))).toMatch(/^HTTP\/1\.1 200 /)
  })

  it('serves the same files over TLS, with ranges, exact lengths and no login', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'landfall-tls-'))
    try {
      const authority = await openAuthority(dir)
      const tls = await ensureServerCertificate(authority, dir, ['127.0.0.1'])
      const { app } = await testServer()
      const { port } = await start({ app, tls, configKey: 'https.port' })
      const trusted = { ca: authority.certificate, host: '127.0.0.1' }
      const fetched = await exchange(port, request('GET /boot/installer/vmlinuz'), trusted)
      const plain = await exchange((await start()).port, request('GET /boot/installer/vmlinuz'))
      const comparable = (answer: string) => answer.replace(/\r\n(X-Request-Id|Date|Last-Modified): [^\r]+/g, '')
      expect(comparable(fetched)).toBe(comparable(plain))
      expect(fetched).toContain('\r\nContent-Length: 1000\r\n')
      const part = await exchange(port, request('GET /boot/installer/vmlinuz', 'Range: bytes=-5'), trusted)
      expect(part).toContain('\r\nContent-Range: bytes 995-999/1000\r\n')
      expect(await exchange(port, request('HEAD /media/none'), trusted)).toMatch(/^HTTP\/1\.1 404 /)
    } finally {
      await rm(dir, { recursive: true })
    }
  })

  it.each([
    ['says nothing', ''],
    ['never ends its headers', 'GET /boot/ipxe HTTP/1.1\r\nHost:'],
  ])('cuts a client that %s, also when it sends a byte now and then', async (_name, beginning) => {
    const { port } = await start({ headersTimeout: 100 })
    const socket = connect(port, '127.0.0.1')
    socket.resume()
    socket.on('error', () => {})
    socket.write(beginning)
    const drip = setInterval(() => beginning !== '' && socket.writable && socket.write('x'), 20)
    await once(socket, 'close')
    clearInterval(drip)
  })

  it('closes connections beyond those of one address, and of all, and tells of it once', async () => {
    for (const connections of [{ total: 50, perAddress: 3 }, { total: 3 }]) {
      const refused: string[] = []
      const { port } = await start({ connections, onRefused: (address) => refused.push(address) })
      const sockets = Array.from({ length: 8 }, () => connect(port, '127.0.0.1'))
      let closed = 0
      for (const socket of sockets)
        socket
          .on('error', () => {})
          .on('close', () => closed++)
          .resume()
      await expect.poll(() => closed).toBe(5)
      expect(refused).toEqual(['127.0.0.1'])
      for (const socket of sockets) socket.destroy()
      await expect.poll(() => exchange(port, request('GET /livez')).catch(String)).toMatch(/^HTTP\/1\.1 200 /)
    }
  })

  it.each([
    ['408 to a connection that is not used in time, as browsers keep spare ones', ''],
    ['408 to headers that do not end in time', 'GET / HTTP/1.1\r\nHost:'],
    ['400 to what is no HTTP', 'EHLO example\r\n\r\n'],
  ])('says %s', async (expected, sent) => {
    const { port } = await start({ headersTimeout: 50 })
    expect(await exchange(port, sent)).toMatch(new RegExp(`^HTTP/1.1 ${expected.slice(0, 3)} `))
  })

  it('cuts a client that neither sends nor reads', async () => {
    const { port } = await start({ idleTimeout: 50 })
    const socket = connect(port, '127.0.0.1')
    socket.resume()
    socket.write('GET /boot/ipxe HTTP/1.1\r\nHost:')
    await once(socket, 'close')
  })
})

describe('listen', () => {
  it('names address, key and next step when the port is in use', async () => {
    const { port } = await start()
    await expect(start({ port })).rejects.toMatchObject({
      code: 'ADDRESS_IN_USE',
      message: `listening on 127.0.0.1:${port} (http.port): the port is already in use`,
      hint: expect.stringContaining(`ss -ltnp 'sport = :${port}'`),
    })
  })

  it('names an address this machine does not have', async () => {
    await expect(start({ host: '192.0.2.77' })).rejects.toMatchObject({ code: 'ADDRESS_UNAVAILABLE' })
  })

  it('stops: a running answer ends, new connections are refused, a stuck answer is cut', async () => {
    const app = new Hono()
    let release = () => {}
    app.get('/slow', (c) => new Promise<Response>((resolve) => (release = () => resolve(c.text('done')))))
    app.get('/stuck', () => new Promise<Response>(() => {}))
    const listening = await start({ app })
    const slow = exchange(listening.port, request('GET /slow'))
    const stuck = exchange(listening.port, request('GET /stuck'))
    while ((await exchange(listening.port, request('GET /'))) === '' || release.toString() === '() => {}') continue
    const stopped = listening.stop(200)
    release()
    expect(await slow).toContain('done')
    expect(await stuck).toBe('')
    await stopped
    const refused = connect(listening.port, '127.0.0.1')
    await expect(once(refused, 'connect')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })

  it('shows another certificate to those who ask for a name in it', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'landfall-tls-'))
    try {
      const own = await openAuthority(join(dir, 'own'))
      const other = await openAuthority(join(dir, 'other'))
      const tls = await ensureServerCertificate(own, join(dir, 'own'), ['127.0.0.1', 'localhost'])
      const pair = await ensureServerCertificate(other, join(dir, 'other'), ['registry.example'])
      const { port } = await start({ tls, named: { ...pair, names: ['registry.example'] }, configKey: 'https.port' })
      const issuedBy = async (servername: string, ca: string) => {
        const socket = tlsConnect({ port, host: '127.0.0.1', servername, ca })
        await once(socket, 'secureConnect')
        socket.destroy()
      }
      await issuedBy('registry.example', other.certificate)
      await issuedBy('localhost', own.certificate)
      await expect(issuedBy('registry.example', own.certificate)).rejects.toThrow()
    } finally {
      await rm(dir, { recursive: true })
    }
  })

  it('speaks TLS 1.2 and 1.3 and changes its certificate without a restart', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'landfall-tls-'))
    try {
      const authority = await openAuthority(dir)
      const first = await ensureServerCertificate(authority, dir, ['127.0.0.1'])
      const listening = await start({ tls: first })
      const serial = async (maxVersion: 'TLSv1.2' | 'TLSv1.3') => {
        const socket = tlsConnect({ port: listening.port, host: '127.0.0.1', ca: authority.certificate, maxVersion })
        await once(socket, 'secureConnect')
        expect(socket.getProtocol()).toBe(maxVersion)
        const { serialNumber } = socket.getPeerCertificate()
        socket.destroy()
        return serialNumber
      }
      const before = await serial('TLSv1.2')
      listening.replaceCertificate(await ensureServerCertificate(authority, dir, ['127.0.0.1', '192.0.2.1']))
      expect(await serial('TLSv1.3')).not.toBe(before)
    } finally {
      await rm(dir, { recursive: true })
    }
  })
})

describe('an inherited socket', () => {
  it('that is none is refused as such', async () => {
    await expect(start({ fd: 9999, port: 80 })).rejects.toMatchObject({
      code: 'LISTEN_FAILED',
      message: expect.stringContaining('the inherited socket'),
    })
  })
})
