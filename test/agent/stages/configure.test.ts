import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ImageTree } from '../../../boot-assets/agent/deployment/tree.ts'
import { configure } from '../../../boot-assets/agent/stages/configure.ts'
import type { ConfigureOptions } from '../../../boot-assets/agent/stages/configure.ts'
import { MachineSpec } from '../../../server/contract/spec.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'configure-'))
  await mkdir(join(folder, 'etc'))
  await writeFile(join(folder, 'etc/shadow'), 'root:*:20000::::::\n', { mode: 0o640 })
})
afterEach(() => rm(folder, { recursive: true }))

/** An image without SELinux. */
const tree = { path: '/nowhere', has: () => false, hasProgram: () => true } as unknown as ImageTree

async function run(spec: object, change: Partial<ConfigureOptions> = {}): Promise<string[]> {
  const said: string[] = []
  await configure({
    deployment: { path: folder, kernelArguments: [] },
    tree,
    spec: MachineSpec.parse(spec),
    confirmation: { url: 'https://192.0.2.1:8443', token: 'secret', installId: 'id', ca: 'PEM' },
    files: [],
    say: (text) => said.push(text),
    warn: (text) => said.push(`warning: ${text}`),
    ...change,
  })
  return said
}

const text = (path: string) => readFile(join(folder, path), 'utf8')

describe('configure', () => {
  it('writes the first-boot report, which only root may read', async () => {
    await run({})
    expect(await text('etc/landfall/confirm.env')).toContain("LANDFALL_TOKEN='secret'")
    expect((await stat(join(folder, 'etc/landfall/confirm.env'))).mode & 0o777).toBe(0o600)
    expect(await readdir(join(folder, 'etc/systemd/system/multi-user.target.wants'))).toEqual([
      'landfall-confirm.service',
    ])
  })

  it('leaves a system that reports nothing as it is', async () => {
    expect(await run({}, { confirmation: undefined })).toEqual([])
    expect(await readdir(join(folder, 'etc'))).toEqual(['shadow'])
  })

  it('sets passwords, and the mode of shadow stays', async () => {
    await run({ rootPassword: '$6$s$r', users: [{ name: 'ada', password: '$6$s$a' }] }, { confirmation: undefined })
    expect(await text('etc/shadow')).toBe('root:$6$s$r:20000::::::\nada:$6$s$a:::::::\n')
    expect((await stat(join(folder, 'etc/shadow'))).mode & 0o777).toBe(0o640)
    expect(await text('etc/sysusers.d/landfall-users.conf')).not.toContain('$6$')
  })

  it('writes the files it is given, with their modes', async () => {
    const files = [{ path: '/etc/app/secret.conf', text: 'x', mode: 0o600 }]
    await run({}, { confirmation: undefined, files })
    expect(await text('etc/app/secret.conf')).toBe('x')
    expect((await stat(join(folder, 'etc/app/secret.conf'))).mode & 0o777).toBe(0o600)
  })
})
