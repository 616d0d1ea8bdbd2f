import { mkdir, readFile, stat, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { planAccounts } from '../../../boot-assets/agent/deployment/accounts.ts'
import { sysusersNames } from '../../../boot-assets/agent/deployment/owners.ts'
import { placeFiles, writePlaced } from '../../../boot-assets/agent/deployment/placed-files.ts'
import { systemFolders } from '../../../boot-assets/agent/deployment/system-path.ts'
import { AgentError } from '../../../boot-assets/agent/errors.ts'
import { MachineSpec } from '../../../server/contract/spec.ts'
import { FakeTree } from '../fake-tree.ts'

let fake: FakeTree
beforeEach(async () => {
  fake = await FakeTree.make()
})
afterEach(() => fake[Symbol.asyncDispose]())

const known = { users: [], groups: [{ name: 'adm', id: process.getgid?.() ?? 0 }] }

async function place(files: readonly object[], users: readonly object[] = []) {
  const spec = MachineSpec.parse({ files, users })
  const owners = { known, planned: planAccounts(spec, known), later: sysusersNames(['u! web -\ng video 44\n#u not\n']) }
  return placeFiles(spec.files, await systemFolders(fake.path, fake.root), owners)
}

async function write(files: readonly object[]) {
  const placed = await place(files)
  for (const file of placed.files) await writePlaced(file)
  return placed
}

describe('files of the spec', () => {
  it('lie in the /etc of the deployment and in the /var of all deployments, with their modes', async () => {
    await write([
      { path: '/etc/app/app.conf', content: 'a = 1\n', mode: '0640', group: 'adm' },
      { path: '/var/lib/app/seed', content: 'AAEC', encoding: 'base64', mode: '600' },
    ])
    expect(await fake.read('app/app.conf')).toBe('a = 1\n')
    expect((await stat(join(fake.root, 'etc/app/app.conf'))).mode & 0o7777).toBe(0o640)
    expect(await fake.readVar('lib/app/seed')).toBe('\0\x01\x02')
    expect((await stat(join(fake.root, '../../var/lib/app/seed'))).mode & 0o7777).toBe(0o600)
  })

  it('follow the links of the image into /var', async () => {
    await mkdir(join(fake.path, 'usr'))
    await symlink('../var/usrlocal', join(fake.path, 'usr/local'))
    const { files } = await write([
      { path: '/usr/local/bin/tool', content: '#!/bin/sh\n', mode: '0755' },
      { path: '/home/ada/.profile', content: '' },
    ])
    expect(files.map(({ where }) => where.path)).toEqual(['/var/usrlocal/bin/tool', '/var/home/ada/.profile'])
    expect(await fake.readVar('usrlocal/bin/tool')).toBe('#!/bin/sh\n')
  })

  it('replace a link instead of writing where it leads', async () => {
    const outside = join(fake.target, 'outside')
    await fake.etc('keep', '')
    await symlink(outside, join(fake.root, 'etc/resolv.conf'))
    await write([{ path: '/etc/resolv.conf', content: 'nameserver 192.0.2.53\n' }])
    expect(await fake.read('resolv.conf')).toBe('nameserver 192.0.2.53\n')
    await expect(readFile(outside)).rejects.toThrow('ENOENT')
  })

  it.each([
    ['what is no link into /var', '/opt/app/app.conf', undefined],
    ['a folder that links to the image', '/etc/ssl/certs/own.pem', '/usr/share/certs'],
    ['a circle of links', '/etc/ssl/certs/own.pem', 'certs'],
  ])('are refused in the image: %s', async (_, path, link) => {
    await mkdir(join(fake.root, 'etc/ssl'))
    if (link !== undefined) await symlink(link, join(fake.root, 'etc/ssl/certs'))
    const refused = place([{ path, content: '' }])
    await expect(refused).rejects.toThrowWithCode(AgentError, 'CONFIGURE_FAILED')
    await expect(refused).rejects.toThrow(/lies in the image, which is read-only/)
  })

  it('wait closed for owners that only the first boot makes', async () => {
    const files = [
      { path: '/etc/web/100% a.conf', content: '', mode: '0644', user: 'web' },
      { path: '/etc/ada.conf', content: '', user: 'ada', group: 'ada' },
    ]
    const placed = await place(files, [{ name: 'ada' }])
    expect(placed.tmpfiles).toEqual([
      {
        path: 'etc/tmpfiles.d/landfall-owners.conf',
        text: 'z "/etc/web/100%% a.conf" 0644 web root - -\nz /etc/ada.conf 0644 ada ada - -\n',
        mode: 0o644,
      },
    ])
    await writePlaced(placed.files[0]!)
    expect((await stat(join(fake.root, 'etc/web/100% a.conf'))).mode & 0o777).toBe(0o600)
    expect(placed.files.map(({ owner }) => owner)).toEqual([
      { uid: undefined, gid: 0 },
      { uid: 1000, gid: undefined },
    ])
  })

  it('get the ids of users of the spec that are told already', async () => {
    const users = [{ name: 'ada', uid: 1815 }]
    const { files } = await place([{ path: '/etc/ada.conf', content: '', user: 'ada', group: 'adm' }], users)
    expect(files[0]!.owner).toEqual({ uid: 1815, gid: known.groups[0]!.id })
  })

  it('are refused for owners that nobody will ever have', async () => {
    const refused = place([{ path: '/etc/a', content: '', user: 'eve', group: 'mallory' }])
    await expect(refused).rejects.toThrow(/neither the image nor the spec has the user eve and the group mallory/)
  })
})

describe('the folders of a deployment', () => {
  it('follow the link that a composefs deployment has for /var', async () => {
    const state = join(fake.target, 'state/os/default/var')
    await mkdir(state, { recursive: true })
    const deployment = join(fake.target, 'state/deploy/abc')
    await mkdir(deployment, { recursive: true })
    await symlink('../../os/default/var', join(deployment, 'var'))
    expect((await systemFolders(fake.path, deployment)).var).toBe(state)
  })
})
