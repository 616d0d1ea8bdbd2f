// The whole way back: a server with machines and images is backed up while it runs, lost, restored elsewhere and started again.
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { writeTinyImage } from '../images/tiny-image.ts'
import { landfall, serve, type Served } from './serve.ts'

const MINUTES = 300_000

let folder: string
let server: Served
let file: string
let config: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'landfall-backup-'))
  file = join(folder, 'backup.tar')
  config = join(folder, 'landfall.toml')
  await writeFile(config, 'name = "depot"\n')
  server = await serve(join(folder, 'data'), { flags: ['--config', config] })
  const layout = join(folder, 'layout')
  await writeTinyImage(layout, { labels: { 'containers.bootc': '1' } })
  expect((await server.cli('image', 'import', layout, '--as', 'os/web:1')).code).toBe(0)
  for (const name of ['web-01', 'web-02'])
    await server.send('POST', '/api/v1/machines', { macs: [`52:54:00:00:00:${name.slice(-2)}`], name })
}, MINUTES)

afterAll(async () => {
  await server?.[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

it(
  'comes back with its machines, images and authority, and starts no install of the past',
  { timeout: MINUTES },
  async () => {
    const assigned = await server.cli('machine', 'assign', 'os/web:1', 'web-01')
    expect(assigned.code, assigned.stderr).toBe(0)
    const backup = await server.cli('backup', file, '--config', config, '-o', 'json')
    expect(backup.code, backup.stderr).toBe(0)
    expect(JSON.parse(backup.stdout)).toMatchObject({ file, images: true, configuration: [config] })
    expect(await readdir(join(server.dataDir, 'snapshots'))).toEqual([])
    const { ca } = server.access
    const { ports } = server
    await server[Symbol.asyncDispose]()
    await rm(server.dataDir, { recursive: true })

    const target = join(folder, 'restored')
    const restored = await landfall(['restore', file, '--data-dir', target])
    expect(restored.code, restored.stderr).toBe(0)
    expect(await readFile(join(target, 'configuration', config), 'utf8')).toBe('name = "depot"\n')
    const again = await landfall(['restore', file, '--data-dir', target])
    expect([again.code, again.stderr]).toEqual([1, expect.stringContaining('FOLDER_TAKEN')])

    server = await serve(target, { flags: ['--config', config], ports })
    expect(server.access.ca).toBe(ca)
    expect((await server.cli('machine', 'list', '-o', 'name')).stdout).toBe('web-01\nweb-02\n')
    expect((await server.cli('image', 'list', '-o', 'name')).stdout).toBe('os/web:1\n')
    expect((await server.cli('image', 'fsck')).code).toBe(0)
    expect(JSON.parse((await server.cli('machine', 'show', 'web-01', '-o', 'json')).stdout)).toMatchObject({
      state: 'ready',
    })
    expect((await server.cli('overview', '-o', 'json')).stdout).toContain('1 unfinished install was cancelled')
    expect(existsSync(join(target, 'restored.json'))).toBe(false)
  },
)

it('is made on the server alone, and leaves images out when told to', { timeout: MINUTES }, async () => {
  const small = join(folder, 'small.tar')
  const inside = await server.cli('backup', join(server.dataDir, 'x.tar'))
  expect([inside.code, inside.stderr]).toEqual([1, expect.stringContaining('FILE_INSIDE')])
  const away = await landfall(['backup', small], { LANDFALL_URL: server.https, LANDFALL_TOKEN: server.access.token })
  expect([away.code, away.stderr]).toEqual([1, expect.stringContaining('on the server itself')])
  expect((await server.cli('backup', small, '--no-images')).code).toBe(0)
  const target = join(folder, 'small')
  const restored = await landfall(['restore', small, '--data-dir', target, '-o', 'json'])
  expect(JSON.parse(restored.stdout)).toMatchObject({ images: false })
  expect(await readdir(target)).not.toContain('oci')
  const { access, dataDir } = server
  await server[Symbol.asyncDispose]()
  const stopped = await landfall(['--data-dir', dataDir, 'backup', join(folder, 'none.tar')])
  expect([stopped.code, stopped.stderr]).toEqual([3, expect.stringContaining(access.url)])
  expect((await readdir(folder)).filter((name) => name.startsWith('none'))).toEqual([])
})

it('renews its authority while it stands still, and old clients go on', { timeout: MINUTES }, async () => {
  const { dataDir, ports, access } = server
  const shown = JSON.parse((await landfall(['ca', 'show', '--data-dir', dataDir, '-o', 'json'])).stdout) as {
    name: string
    fingerprint: string
  }
  const renewed = await landfall(['ca', 'renew', '--data-dir', dataDir, '-o', 'json'])
  expect(renewed.code, renewed.stderr).toBe(0)
  const { name, fingerprint } = JSON.parse(renewed.stdout) as { name: string; fingerprint: string }
  expect([name, fingerprint === shown.fingerprint]).toEqual([shown.name, false])
  server = await serve(dataDir, { ports })
  const old = join(folder, 'old.crt')
  await writeFile(old, access.ca)
  const env = { LANDFALL_URL: server.https, LANDFALL_TOKEN: server.access.token, LANDFALL_CA: old }
  expect((await landfall(['status'], env)).stdout).toContain(fingerprint)
})
