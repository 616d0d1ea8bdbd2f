// The command line as scripts use it, with the real server: exit codes, waiting, watching, contexts.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { freePort } from '../../server/host/free-port.ts'
import { landfall, serve, type Served } from './serve.ts'

const COMMAND = resolve(import.meta.dirname, '../../server/cli/landfall.js')
const MINUTES = 300_000

let folder: string
let home: NodeJS.ProcessEnv
let server: Served

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'landfall-command-line-'))
  home = { XDG_CONFIG_HOME: join(folder, 'home') }
  server = await serve(join(folder, 'data'))
  await writeFile(join(folder, 'ca.crt'), server.access.ca)
  const made = await server.send('POST', '/api/v1/machines', { macs: ['52:54:00:00:00:01'], name: 'web-01' })
  expect(made.status).toBe(201)
}, MINUTES)

afterAll(async () => {
  await server?.[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

it('ends with a code that says what was wrong', { timeout: MINUTES }, async () => {
  const nobody = { LANDFALL_URL: server.https, LANDFALL_TOKEN: 'lfa_wrong', LANDFALL_CA: join(folder, 'ca.crt') }
  const away = { ...nobody, LANDFALL_URL: `https://127.0.0.1:${await freePort()}` }
  const ends = await Promise.all([
    server.cli('machine', 'show', 'web-01'),
    server.cli('machine', 'show', 'web-99'),
    server.cli('machine', 'list', '--sort', 'luck'),
    landfall(['machine', 'list'], away),
    landfall(['machine', 'list'], nobody),
    server.cli('wait', 'web-01', '--for', 'state=deployed', '--timeout', '1s'),
  ])
  expect(ends.map(({ code }) => code)).toEqual([0, 1, 2, 3, 4, 5])
})

it('waits until a machine is as it should be', { timeout: MINUTES }, async () => {
  const waiting = server.cli('wait', 'web-01', '--for', 'state=retired', '--timeout', '4m', '-o', 'name')
  await sleep(3000)
  expect((await server.cli('machine', 'retire', 'web-01')).code).toBe(0)
  expect(await waiting).toMatchObject({ code: 0, stdout: 'web-01\n' })
})

it('knows servers by name', { timeout: MINUTES }, async () => {
  const add = ['context', 'add', 'lab', server.https, '--ca', join(folder, 'ca.crt')]
  const added = await landfall(add, home, `${server.access.token}\n`)
  expect(added.code, added.stderr).toBe(0)
  expect((await landfall(['machine', 'list', '-o', 'name'], home)).stdout).toBe('web-01\n')
  expect((await landfall(['context', 'list', '-o', 'name'], home)).stdout).toBe('lab\n')
  expect((await landfall(['machine', 'list', '--context', 'moon'], home)).code).toBe(2)
})

it('watches and follows, and outlives a restart of the server', { timeout: MINUTES }, async () => {
  const follow = [COMMAND, '--data-dir', server.dataDir]
  const watching = spawn(process.execPath, [...follow, 'machine', 'list', '--watch', '-o', 'json'])
  const following = spawn(process.execPath, [...follow, 'event', 'follow', '-o', 'json'])
  const texts = { watching: '', following: '' }
  watching.stdout.on('data', (chunk: Buffer) => (texts.watching += chunk.toString()))
  following.stdout.on('data', (chunk: Buffer) => (texts.following += chunk.toString()))
  const until = async (isThere: () => boolean) => {
    for (const deadline = Date.now() + MINUTES / 3; !isThere() && Date.now() < deadline;) await sleep(100)
    expect(isThere(), JSON.stringify(texts)).toBe(true)
  }
  try {
    await until(() => texts.watching.includes('web-01'))
    // Whoever follows has to be there before something happens.
    await sleep(5000)
    const { ports } = server
    await server[Symbol.asyncDispose]()
    server = await serve(server.dataDir, { ports })
    await server.send('POST', '/api/v1/machines', { macs: ['52:54:00:00:00:02'], name: 'web-02' })
    await until(() => texts.watching.includes('web-02'))
    await until(() => texts.following.includes('server.started') && texts.following.includes('web-02 was added'))
    expect(
      texts.watching
        .trim()
        .split('\n')
        .every((line) => Array.isArray(JSON.parse(line))),
    ).toBe(true)
  } finally {
    watching.kill()
    following.kill()
  }
})

it('sets up a server: shows first, writes on demand, never over what is there', { timeout: MINUTES }, async () => {
  const file = join(folder, 'landfall.toml')
  const shown = await landfall(['setup', '--no-probe', '--dhcp', 'proxy', '--file', file], home)
  // A host with several links is asked which; either way nothing is written.
  expect([0, 1, 2]).toContain(shown.code)
  expect(existsSync(file)).toBe(false)
  await writeFile(file, '# mine\n')
  const refused = await landfall(['setup', '--no-probe', '--yes', '--file', file], home)
  expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('--force')])
  expect(await readFile(file, 'utf8')).toBe('# mine\n')
})
