// Bundles between two servers and the tools of others: what skopeo reads of one, and what arrives on the other side.

import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { writeTinyImage } from '../images/tiny-image.ts'
import { serve, type Served } from './serve.ts'

const run = promisify(execFile)

let folder: string
let from: Served
let digest: string
let file: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'landfall-bundle-'))
  const key = join(folder, 'site.pem')
  await run('openssl', ['ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', join(folder, 'private.pem')])
  await run('openssl', ['ec', '-in', join(folder, 'private.pem'), '-pubout', '-out', key])
  const config = join(folder, 'landfall.toml')
  await writeFile(config, `[[trust.policies]]\nrepository = "signed/*"\nrequire = "key"\nkeys = ["${key}"]\n`)
  from = await serve(join(folder, 'from'), { flags: ['--config', config] })
  const layout = join(folder, 'layout')
  digest = (await writeTinyImage(layout, { labels: { 'containers.bootc': '1' } })).descriptor.digest
  for (const name of ['os/web:1', 'os/db:2']) {
    const end = await from.cli('image', 'import', layout, '--as', name)
    expect(end.code, end.stderr).toBe(0)
  }
  file = join(folder, 'site.tar')
  const end = await from.cli('bundle', 'export', file, '--policies')
  expect(end.code, end.stderr).toBe(0)
}, 120_000)

afterAll(async () => {
  await from?.[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

it('is an OCI archive to skopeo', async () => {
  const { stdout } = await run('skopeo', ['inspect', '--raw', `oci-archive:${file}:os/web:1`])
  expect(JSON.parse(stdout)).toMatchObject({ schemaVersion: 2, layers: expect.any(Array) })
  const copy = join(folder, 'copy')
  await run('skopeo', ['copy', '--quiet', '--preserve-digests', `oci-archive:${file}:os/db:2`, `oci:${copy}:2`])
  const index = JSON.parse(await readFile(join(copy, 'index.json'), 'utf8')) as { manifests: { digest: string }[] }
  expect(index.manifests[0]!.digest).toBe(digest)
})

it('comes in on another server whole, and not at all when it was cut short', async () => {
  await using to = await serve(join(folder, 'to'))
  const cut = join(folder, 'cut.tar')
  await writeFile(cut, await readFile(file))
  await truncate(cut, 4096)
  const broken = await to.cli('bundle', 'import', cut)
  expect([broken.code, broken.stderr]).toEqual([1, expect.stringContaining('ARCHIVE_INVALID')])
  expect(JSON.parse((await to.cli('image', 'list', '--output', 'json')).stdout)).toEqual([])
  const end = await to.cli('bundle', 'import', file, '--output', 'json')
  expect(end.code, end.stderr).toBe(0)
  const images = JSON.parse(end.stdout) as { reference: string; digest: string }[]
  expect(images.map(({ reference, digest: found }) => [reference, found]).sort()).toEqual([
    ['os/db:2', digest],
    ['os/web:1', digest],
  ])
  expect((await to.cli('image', 'fsck')).code).toBe(0)
}, 120_000)

it('gives its policies as tables that a server takes', async () => {
  const end = await from.cli('bundle', 'policies', file)
  expect(end.code, end.stderr).toBe(0)
  const config = join(folder, 'site.toml')
  await writeFile(config, end.stdout)
  await using to = await serve(join(folder, 'site'), { flags: ['--config', config] })
  expect((await to.cli('trust', 'list')).stdout).toMatch(/signed\/\*\s+key/)
}, 120_000)

it('leaves no file behind when the export fails', async () => {
  const target = join(folder, 'none.tar')
  const end = await from.cli('bundle', 'export', target, 'os/none:1')
  expect([end.code, end.stderr]).toEqual([1, expect.stringContaining('there is no image os/none:1')])
  expect([existsSync(target), existsSync(`${target}.part`)]).toEqual([false, false])
})
