// The server as its operator meets it: starts that cannot be, garbage, wrong tokens, stops and crashes.

import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freePort } from '../../server/host/free-port.ts'
import { PretendMachine } from '../helpers/pretend-machine.ts'
import { landfall, loopback, serve, type Served } from './serve.ts'

const MAC = '52:54:00:aa:bb:cc'
const MEMORY_LIMIT = 350e6

let folder: string
let server: Served

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'landfall-serve-'))
  server = await serve(join(folder, 'data'))
}, 60_000)

afterAll(async () => {
  await server?.[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

describe('a start that cannot be says why, names the setting, and ends', () => {
  it.each([
    ['http.port', () => ({ http: server.ports.http, https: 0 })],
    ['https.port', () => ({ http: 0, https: server.ports.https })],
  ])('%s is taken', async (setting, taken) => {
    const { http, https } = taken()
    const ports = { http: http || (await freePort()), https: https || (await freePort()) }
    const end = await landfall(['serve', '--data-dir', join(folder, `taken-${setting}`), ...loopback(ports)])
    expect(end.code).toBe(1)
    expect(end.stderr).toMatch(
      new RegExp(`^landfall: .*\\(${setting}\\): the port is already in use \\(ADDRESS_IN_USE\\)`, 'm'),
    )
    expect(end.stderr).toContain('ss -ltnp')
    expect(end.stderr).not.toMatch(/^\s+at /m)
  })

  it('the data folder is in use', async () => {
    const ports = { http: await freePort(), https: await freePort() }
    const end = await landfall(['serve', '--data-dir', server.dataDir, ...loopback(ports)])
    expect(end.code).toBe(1)
    expect(end.stderr).toMatch(/\(IN_USE\)/)
    expect(await (await server.api('GET', '/api/v1/system')).json()).toMatchObject({ version: expect.any(String) })
  })

  it.each([
    ['in the file', ['--config', 'FILE'], {}, /landfall\.toml:2: .*htp/],
    ['in the environment', [], { LANDFALL_HTTP_PORT: 'eighty' }, /LANDFALL_HTTP_PORT/],
    ['in a flag', ['--https-port', '99999'], {}, /--https-port: https\.port/],
  ])('a setting is wrong %s', async (_, flags, env, message) => {
    const file = join(folder, 'landfall.toml')
    await writeFile(file, 'name = "x"\nhtp = 1\n')
    const args = flags.map((flag) => (flag === 'FILE' ? file : flag))
    const end = await landfall(['serve', '--data-dir', join(folder, 'wrong'), ...args], env)
    expect(end.code).toBe(1)
    expect(end.stderr).toMatch(message)
  })
})

describe('garbage', () => {
  it('to the listeners breaks nothing and costs no memory', async () => {
    for (let round = 0; round < 50; round++) {
      await throwAt(connect(server.ports.http, '127.0.0.1'), randomBytes(1 + round * 100))
      await throwAt(connect(server.ports.https, '127.0.0.1'), randomBytes(1 + round * 100))
      const tls = connectTls({ port: server.ports.https, host: '127.0.0.1', rejectUnauthorized: false })
      await throwAt(tls, randomBytes(2000))
      await throwAt(
        connect(server.ports.http, '127.0.0.1'),
        Buffer.from(`GET /boot/ipxe HTTP/1.1\r\nX: ${'y'.repeat(40_000)}\r\n\r\n`),
      )
    }
    expect(await (await fetch(`${server.http}/livez`)).text()).toBe('ok\n')
    expect(await server.memory()).toBeLessThan(MEMORY_LIMIT)
    expect(server.running).toBe(true)
    expect(server.output).not.toMatch(/internal error/)
  })

  it.each([
    ['POST', '/api/v1/machines', 'application/json', '{"macs": ['],
    ['POST', '/api/v1/machines', 'application/json', '{"macs": ["not a mac"]}'],
    ['POST', '/api/v1/machines', 'text/plain', 'hello'],
    ['POST', '/api/v1/machines/bulk', 'application/json', '[]'],
    ['POST', '/api/v1/images/import?as=x/y:1', 'application/x-tar', 'no tar at all'],
    ['POST', '/agent/v1/register', 'application/json', 'ÿ\u0000'],
    ['GET', '/api/v1/machines?sort=colour', '', ''],
    ['GET', '/api/v1/machines/not-a-uuid', '', ''],
  ])('%s %s (%s) is refused with a reason', async (method, path, type, body) => {
    const answer = await server.api(method, path, { ...(body && { body, headers: { 'content-type': type } }) })
    const text = await answer.text()
    // An operation that began tells its end in its last line.
    if (answer.status === 200) expect(text).toMatch(/"type":"failed","code":"[A-Z_]+","message":".+"/)
    else
      expect(JSON.parse(text)).toMatchObject({
        status: answer.status,
        code: expect.stringMatching(/^[A-Z_]+$/),
        detail: expect.any(String),
      })
    expect(answer.status).toBeLessThan(500)
  })

  it.each([
    'mac=zz',
    'mac=ff:ff:ff:ff:ff:ff&uuid=%00',
    `mac=${'1'.repeat(3000)}`,
    'identified=1',
    'mac=52:54:00:00:00:0f&serial=%3B%20shell',
  ])('in a script request (%s) still gets a script', async (query) => {
    const answer = await fetch(`${server.http}/boot/ipxe?${query}`)
    expect(answer.status).toBe(200)
    expect(await answer.text()).toMatch(/^#!ipxe\n/)
  })
})

describe('a body', () => {
  it('without a length is taken in pieces, and refused when it grows too large', async () => {
    const send = (body: string) =>
      server.api('POST', '/api/v1/machines', {
        headers: { 'content-type': 'application/json' },
        body: new Blob([body]).stream(),
        duplex: 'half',
      })
    expect((await send('{"macs":["52:54:00:00:00:77"]}')).status).toBe(201)
    const refused = await send(`{"macs":["${'x'.repeat(3_000_000)}"]}`)
    expect(await refused.json()).toMatchObject({ status: 413, code: 'BODY_TOO_LARGE' })
  })

  it('may be absent where none is needed', async () => {
    expect((await server.api('POST', '/api/v1/logout')).status).toBe(204)
  })
})

describe('a stranger', () => {
  it('with an unknown MAC is brought into the inventory, once', async () => {
    expect(await server.script(MAC)).toContain('landfall.token=')
    expect(await server.script(MAC)).toContain('landfall.token=')
    const { items } = (await (await server.api('GET', `/api/v1/machines?search=${MAC}`)).json()) as {
      items: { state: string }[]
    }
    expect(items).toMatchObject([{ state: 'discovered' }])
  })
})

describe('a wrong token', () => {
  it.each([
    ['no token', {}, 'UNAUTHENTICATED'],
    ['an unknown one', { authorization: 'Bearer lfa_wrong' }, 'UNAUTHENTICATED'],
    ['another scheme', { authorization: 'Basic YTpi' }, 'UNAUTHENTICATED'],
  ])('%s: the API says what to do', async (_, headers, code) => {
    const answer = await server.api('GET', '/api/v1/machines', { headers: { authorization: '', ...headers } })
    expect(answer.status).toBe(401)
    expect(await answer.json()).toMatchObject({ code, hint: expect.any(String) })
  })

  it('is refused to agents, and leaves a trace', async () => {
    const machine = new PretendMachine({ http: server.http, https: server.https, ca: server.access.ca }, 77)
    const body = JSON.stringify({
      bootMac: machine.mac,
      facts: machine.facts,
      agentVersion: '1',
      bootId: machine.facts.smbios.uuid,
    })
    const headers = { authorization: 'Bearer lfi_wrong', 'content-type': 'application/json' }
    const answer = await server.api('POST', '/agent/v1/register', { body, headers })
    expect(answer.status).toBe(401)
    expect(await answer.json()).toMatchObject({ code: 'TOKEN_INVALID', hint: expect.stringContaining('reboot') })
  })

  it('ends the command line with code 4 and a hint', async () => {
    const caFile = join(folder, 'ca.pem')
    await writeFile(caFile, server.access.ca)
    const env = { LANDFALL_URL: server.https, LANDFALL_TOKEN: 'lfa_wrong', LANDFALL_CA: caFile }
    const end = await landfall(['machine', 'list'], env)
    expect(end.code).toBe(4)
    expect(end.stderr).toMatch(/^landfall: .+\n {2}.+/)
  })

  it('that was revoked is refused at once', async () => {
    const made = (await (await server.send('POST', '/api/v1/tokens', { name: 'short', role: 'viewer' })).json()) as {
      id: string
      secret: string
    }
    const headers = { authorization: `Bearer ${made.secret}` }
    expect((await server.api('GET', '/api/v1/machines', { headers })).status).toBe(200)
    const revoked = await server.api('DELETE', `/api/v1/tokens/${made.id}`)
    expect(revoked.status, await revoked.text()).toBe(204)
    expect((await server.api('GET', '/api/v1/machines', { headers })).status).toBe(401)
  })

  it('a viewer may look and not change', async () => {
    const made = (await (await server.send('POST', '/api/v1/tokens', { name: 'looker', role: 'viewer' })).json()) as {
      secret: string
    }
    const headers = { authorization: `Bearer ${made.secret}`, 'content-type': 'application/json' }
    const answer = await server.api('POST', '/api/v1/machines', { headers, body: '{"macs":["52:54:00:00:00:01"]}' })
    expect(answer.status).toBe(403)
  })
})

describe('ends and starts', () => {
  it('SIGTERM ends it in order, open event streams and long polls included', async () => {
    const other = await serve(join(folder, 'stopped'))
    const stream = await other.api('GET', '/api/v1/events')
    const reading = stream.text().catch(() => 'cut')
    const machine = new PretendMachine({ http: other.http, https: other.https, ca: other.access.ca }, 1)
    await machine.register()
    const polling = machine.task(50).catch(() => 'cut')
    expect(await other.end('SIGTERM')).toEqual({ code: 0, signal: null })
    await Promise.all([reading, polling])
    expect(other.output).toMatch(/"msg":"stopped"/)
  })

  it('SIGKILL loses nothing that was acknowledged: machines, tokens, sessions, authority, login link', async () => {
    const dataDir = join(folder, 'killed')
    const first = await serve(dataDir)
    const machine = new PretendMachine({ http: first.http, https: first.https, ca: first.access.ca }, 2)
    const id = await machine.register()
    const added = await first.send('POST', '/api/v1/machines', { macs: ['52:54:00:00:00:99'], name: 'late' })
    expect(added.status).toBe(201)
    await first.end('SIGKILL')

    await using second = await serve(dataDir, { ports: first.ports })
    expect(second.access).toEqual(first.access)
    const { items } = (await (await second.api('GET', '/api/v1/machines')).json()) as {
      items: { id: string; name: string }[]
    }
    expect(items.map((one) => one.id)).toContain(id)
    expect(items.map((one) => one.name)).toContain('late')
    // The agent goes on with the session it has.
    expect(await machine.task()).toMatchObject({ type: 'wait' })
  })
})

/** Sends bytes and waits until the other side has had enough, or a moment has passed. */
async function throwAt(socket: ReturnType<typeof connect>, bytes: Buffer): Promise<void> {
  socket.on('error', () => {})
  socket.write(bytes)
  socket.end()
  socket.resume()
  await Promise.race([once(socket, 'close'), new Promise((resolve) => setTimeout(resolve, 200))])
  socket.destroy()
}
