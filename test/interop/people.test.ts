// People at the command line and at the registry, with the real server: by name and password, as far as role and scope go.

import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { AuditEntry } from '../../server/contract/audit.ts'
import { writeTinyImage } from '../images/tiny-image.ts'
import { landfall, serve, type CommandEnd, type Served } from './serve.ts'

const run = promisify(execFile)
const PASSWORD = 'correct horse battery'
const NOT_ALLOWED = 4

let folder: string
let server: Served

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'landfall-people-'))
  server = await serve(join(folder, 'data'))
  await writeFile(join(folder, 'ca.crt'), server.access.ca)
  for (const rack of ['r1', 'r2']) {
    const made = await server.send('POST', '/api/v1/machines', {
      macs: [`52:54:00:00:00:0${rack[1]}`],
      name: `web-${rack}`,
      labels: { rack },
    })
    expect(made.status).toBe(201)
  }
}, 60_000)

afterAll(async () => {
  await server?.[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

/** The command line of somebody at another machine, who has a home of their own. */
function at(home: string, input = '') {
  return (...args: string[]): Promise<CommandEnd> => landfall(args, { XDG_CONFIG_HOME: join(folder, home) }, input)
}

async function makeUser(name: string, ...options: string[]): Promise<void> {
  const made = await landfall(['--data-dir', server.dataDir, 'user', 'create', name, ...options], {}, `${PASSWORD}\n`)
  expect(made.code, made.stderr).toBe(0)
}

async function logIn(name: string): Promise<CommandEnd> {
  return at(name, `${PASSWORD}\n`)('login', server.https, '--user', name, '--ca', join(folder, 'ca.crt'))
}

describe('the command line', { timeout: 300_000 }, () => {
  it('logs people in by name and password, within their role and scope', async () => {
    await makeUser('ann', '--role', 'operator', '--scope', 'rack=r1')
    const login = await logIn('ann')
    expect(login.code, login.stderr).toBe(0)
    expect((await stat(join(folder, 'ann/landfall/contexts.json'))).mode & 0o777).toBe(0o600)

    const ann = at('ann')
    expect((await ann('machine', 'list', '-o', 'name')).stdout).toBe('web-r1\n')
    expect((await ann('machine', 'show', 'web-r2')).code).not.toBe(0)
    const refused = await ann('token', 'create', 'mine')
    expect([refused.code, refused.stderr]).toEqual([NOT_ALLOWED, expect.stringContaining('FORBIDDEN')])

    expect((await server.cli('user', 'update', 'ann', '--role', 'viewer', '--everything')).code).toBe(0)
    expect((await ann('machine', 'list', '-o', 'name')).stdout).toBe('web-r1\nweb-r2\n')
    expect((await server.cli('user', 'update', 'ann', '--disable')).code).toBe(0)
    expect((await ann('machine', 'list')).code).toBe(NOT_ALLOWED)
    expect((await logIn('ann')).stderr).toContain('LOGIN_REFUSED')
  })

  it('ends sessions', async () => {
    await makeUser('bob')
    await logIn('bob')
    const bob = at('bob')
    expect((await bob('machine', 'list')).code).toBe(0)
    expect((await server.cli('user', 'sign-out', 'bob')).code).toBe(0)
    expect((await bob('machine', 'list')).code).toBe(NOT_ALLOWED)
    await logIn('bob')
    expect((await bob('logout')).code).toBe(0)
    expect((await bob('logout')).code).toBe(NOT_ALLOWED)
    expect(JSON.parse((await server.cli('user', 'list', '-o', 'json')).stdout)).toMatchObject([
      { name: 'ann', disabled: true, sessions: 0 },
      { name: 'bob', disabled: false, sessions: 0 },
    ])
  })

  it('tells who did what', async () => {
    const list = await server.cli('audit', '--actor', 'user:ann', '--result', 'refused', '-o', 'json')
    expect(
      (JSON.parse(list.stdout) as AuditEntry[]).map(({ action, address, code }) => [action, address, code]),
    ).toEqual([
      ['POST /login', '127.0.0.1', 'LOGIN_REFUSED'],
      ['POST /tokens', '127.0.0.1', 'FORBIDDEN'],
    ])
    const table = await server.cli('audit', 'export', '--format', 'csv', '--action', 'POST /users')
    expect(table.stdout.split('\r\n')).toHaveLength(4)
    expect((await server.cli('audit', '--since', 'yesterday')).code).toBe(2)
  })
})

describe.skipIf(!existsSync('/usr/bin/skopeo'))('skopeo', { timeout: 300_000 }, () => {
  it('pushes by name and password of an operator, not of a viewer', async () => {
    await makeUser('opa', '--role', 'operator')
    await makeUser('vic', '--role', 'viewer')
    const certificates = join(folder, 'certs')
    await mkdir(certificates)
    await writeFile(join(certificates, 'ca.crt'), server.access.ca)
    await writeTinyImage(join(folder, 'layout'))
    const push = (name: string, password: string) => {
      const there = ['--dest-cert-dir', certificates, '--dest-creds', `${name}:${password}`]
      const to = `docker://127.0.0.1:${server.ports.https}/os/${name}:1`
      return run('skopeo', ['copy', '--quiet', ...there, `oci:${join(folder, 'layout')}:1`, to])
    }
    await push('opa', PASSWORD)
    expect((await server.cli('image', 'show', 'os/opa:1')).code).toBe(0)
    await expect(push('opa', 'wrong')).rejects.toThrow(/unauthorized|invalid username/i)
    await expect(push('vic', PASSWORD)).rejects.toThrow(/denied|may not push/i)
    const trail = await server.cli('audit', '--actor', 'user:opa', '--action', 'v2', '-o', 'json')
    expect(
      new Set((JSON.parse(trail.stdout) as AuditEntry[]).map(({ action, result }) => `${action} ${result}`)),
    ).toEqual(new Set(['GET /v2/token refused', 'PUT /v2 done']))
  })
})
