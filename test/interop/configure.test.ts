// Machines and profiles configured from the command line, by JSON and by a configuration of bootc-image-builder.

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { serve } from './serve.ts'
import type { Served } from './serve.ts'

const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA me@example'

let folder: string
let config: string
let served: Served
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'configure-'))
  config = join(folder, 'config.toml')
  await writeFile(
    config,
    `[[customizations.user]]\nname = "ada"\npassword = "secret"\nkey = "${KEY}"\nuid = 1234\nexpiredate = 20000\n[customizations.kernel]\nappend = "quiet"\n`,
  )
  served = await serve(join(folder, 'data'))
})
afterAll(async () => {
  await served[Symbol.asyncDispose]()
  await rm(folder, { recursive: true })
})

const json = async (...args: string[]) => {
  const { code, stdout, stderr } = await served.cli('-o', 'json', ...args)
  expect(stderr).not.toMatch(/^landfall:/m)
  expect(code).toBe(0)
  return stdout === '' ? undefined : JSON.parse(stdout)
}

describe('landfall machine configure', () => {
  it('sets what the blueprint says beside what was set, and names what it cannot set', async () => {
    await json('machine', 'create', '--mac', '52:54:00:00:00:01', '--name', 'web')
    await json('machine', 'configure', 'web', '--spec', '{"disks":{"disk":{"serial":"S1"}},"kernelArguments":["old"]}')
    const { code, stdout, stderr } = await served.cli(
      '-o',
      'json',
      'machine',
      'configure',
      'web',
      '--blueprint',
      config,
    )
    expect(code).toBe(0)
    expect(stderr).toMatch(/^not applied: customizations\.user\[0\]\.expiredate: /)
    const { ownSpec, notApplied } = JSON.parse(stdout)
    expect(ownSpec).toEqual({
      disks: { disk: { serial: 'S1' } },
      kernelArguments: ['quiet'],
      users: [{ name: 'ada', sshKeys: [KEY], groups: [], password: '********', uid: 1234 }],
    })
    expect(notApplied.map(({ key }: { key: string }) => key)).toEqual(['customizations.user[0].expiredate'])
  })

  it('takes a spec with files from a file, and shows nobody what is secret in it', async () => {
    const file = join(folder, 'spec.json')
    const files = [{ path: '/etc/app/key', content: 'top secret', mode: '0600', secret: true }]
    await writeFile(file, JSON.stringify({ files, finish: 'kexec' }))
    const { ownSpec } = await json('machine', 'configure', 'web', '--spec', `@${file}`)
    expect(ownSpec).toMatchObject({ files: [{ path: '/etc/app/key', content: '********' }], finish: 'kexec' })
    await json('machine', 'configure', 'web', '--spec', '{"files":[],"finish":"reboot"}')
  })

  it('keeps secrets that it was only shown masked', async () => {
    const { ownSpec } = await json('machine', 'configure', 'web', '--spec', '{"hostname":"web"}')
    expect(ownSpec.users[0].password).toBe('********')
  })

  it('says what installs by Landfall’s own agent will refuse', async () => {
    const { stderr } = await served.cli('machine', 'configure', 'web', '--spec', '{"disks":{"automatic":true}}')
    expect(stderr).toMatch(/agent cannot carry out disks\.automatic/)
  })

  it.each([
    [
      'keys that cannot be applied, when it is strict',
      ['--blueprint', '@', '--strict'],
      1,
      /user\[0\]\.expiredate: .*UNSUPPORTED/,
    ],
    ['to do nothing', [], 2, /nothing to change/],
    ['what is not JSON', ['--spec', '{'], 2, /--spec is not JSON/],
    ['a file that is not there', ['--spec', '@/nowhere.json'], 2, /reading \/nowhere\.json: ENOENT/],
    ['a file in the image', ['--spec', '{"files":[{"path":"/usr/bin/a","content":""}]}'], 2, /must be a file below/],
    ['a spec that is none', ['--spec', '{"hostnam":"x"}'], 2, /hostnam/],
  ])('refuses %s', async (_, args, code, message) => {
    const before = await json('machine', 'show', 'web')
    const end = await served.cli('machine', 'configure', 'web', ...args.map((arg) => (arg === '@' ? config : arg)))
    expect(end).toMatchObject({ code, stdout: '' })
    expect(end.stderr).toMatch(message)
    expect(await json('machine', 'show', 'web')).toEqual(before)
  })
})

describe('landfall profile', () => {
  it('is created, shown, changed and removed', async () => {
    const made = await json('profile', 'create', 'rack', '--label', 'rack=r1', '--priority', '5', '--blueprint', config)
    expect(made).toMatchObject({ name: 'rack', selector: { rack: 'r1' }, priority: 5 })
    const changed = await json('profile', 'configure', 'rack', '--spec', '{"image":"os/web:1"}', '--priority', '7')
    expect(changed).toMatchObject({ selector: { rack: 'r1' }, priority: 7 })
    expect(changed.spec).toMatchObject({ image: 'os/web:1', kernelArguments: ['quiet'] })
    expect(await json('profile', 'show', 'rack')).toEqual({ ...changed, notApplied: undefined })
    expect((await served.cli('profile', 'list')).stdout).toMatch(/^rack +7 +rack=r1 +os\/web:1 +/m)
    await json('profile', 'remove', 'rack')
    expect(await json('profile', 'list')).toEqual([])
  })

  it.each([
    ['a name that is taken', ['create', 'all'], 1, /there is a profile all already/],
    ['a name that cannot be one', ['create', 'No Name'], 2, /name/],
    ['a label that is none', ['create', 'x', '--label', 'rack'], 2, /want key=value/],
    ['a priority that is none', ['create', 'x', '--priority', 'high'], 2, /want a whole number/],
    ['a stranger', ['show', 'nobody'], 1, /no profile nobody/],
  ])('refuses %s', async (_, args, code, message) => {
    await served.cli('profile', 'create', 'all')
    const end = await served.cli('profile', ...args)
    expect(end).toMatchObject({ code, stdout: '' })
    expect(end.stderr).toMatch(message)
  })
})
