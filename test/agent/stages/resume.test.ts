// What an attempt that was cut off leaves to the next one, and when it leaves nothing.
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { partitionPath } from '../../../boot-assets/agent/disk/sfdisk.ts'
import { Repo } from '../../../boot-assets/agent/ostree/repo.ts'
import { UnfinishedNote } from '../../../boot-assets/agent/ostree/reuse.ts'
import { keepFetched } from '../../../boot-assets/agent/stages/resume.ts'
import type { Host } from '../../../boot-assets/agent/sys/host.ts'
import { MachineSpec } from '../../../server/contract/spec.ts'
import type { StoragePlan } from '../../../server/contract/plan.ts'
import { plan, secondDisk } from '../examples.ts'

let root: string
let repo: Repo
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'agent-resume-'))
  repo = Repo.init(join(root, 'ostree/repo'))
  new UnfinishedNote(repo).write()
})
afterEach(() => rm(root, { recursive: true }))

const planned = (disks: object) =>
  plan({}, MachineSpec.parse({ disks: { disk: { serial: 'S1' }, ...disks } }).disks, [secondDisk])

/** A machine whose disks carry `carried`; its root is mounted where it is looked for. */
async function resume(wanted: StoragePlan, carried: StoragePlan = wanted, broken?: string) {
  const ran: string[] = []
  const said: string[] = []
  const devices = new Map(
    wanted.disks.flatMap(({ id, disk, partitions }): [string, string][] => [
      [id, `/dev/${disk.name}`],
      ...partitions.map((own): [string, string] => [own.id, partitionPath(`/dev/${disk.name}`, own.number)]),
    ]),
  )
  const rootOf = carried.filesystems.find(({ mounts }) => mounts.some(({ mountPoint }) => mountPoint === '/'))!
  const host: Host = {
    run: async (command, args = []) => {
      ran.push([command, ...args].join(' '))
      if (command === broken) throw new Error(`${command} does not work`)
      const stdout = command === 'sfdisk' ? tableOf(carried, args.at(-1)!) : ''
      const probed = `DEVNAME=x\nUUID=${rootOf.uuid}\nTYPE=${rootOf.filesystem}\n`
      return { stdout: command === 'blkid' ? probed : stdout, stderr: '', exitCode: 0 }
    },
    read: async () => undefined,
    readBytes: async () => undefined,
    list: async () => [],
    resolve: async () => undefined,
    zero: async (path, offset, length) => void ran.push(`zero ${path} ${offset} ${length}`),
  }
  const target = { plan: wanted, devices, mountPoint: root, volumes: join(root, 'volumes') }
  return { kept: await keepFetched(host, target, (text) => said.push(text)), ran, said }
}

function tableOf({ disks }: StoragePlan, device: string): string {
  const { disk, uuid, partitions } = disks.find((one) => `/dev/${one.disk.name}` === device)!
  const sector = disk.logicalBlockSize
  return JSON.stringify({
    partitiontable: {
      label: 'gpt',
      id: uuid,
      unit: 'sectors',
      sectorsize: sector,
      partitions: partitions.map(({ start, size, typeGuid, uuid: own, number }) => ({
        node: partitionPath(device, number),
        start: start / sector,
        size: size / sector,
        type: typeGuid,
        uuid: own,
      })),
    },
  })
}

describe('an attempt that was cut off', () => {
  it('leaves its objects and the refs of its layers, to be verified, and nothing else', async () => {
    await mkdir(join(root, 'lost+found'))
    await mkdir(join(root, 'ostree/deploy/default/deploy/abc.0/usr'), { recursive: true })
    await mkdir(join(root, 'ostree/repo/tmp/staging'))
    await mkdir(join(root, '.landfall-tree/usr'), { recursive: true })
    const layer = 'a'.repeat(64)
    await mkdir(join(repo.path, 'objects/aa'), { recursive: true })
    await writeFile(join(repo.path, 'objects/aa', `${'a'.repeat(62)}.commit`), '')
    for (const ref of ['ostree/container/blob/l', 'ostree/container/image/i', 'ostree/1/1/0']) repo.setRef(ref, layer)
    const { kept, ran, said } = await resume(planned({}))
    expect(kept).toBe(true)
    expect((await readdir(root)).sort()).toEqual(['lost+found', 'ostree'])
    expect(await readdir(join(root, 'ostree'))).toEqual(['repo'])
    expect(await readdir(join(repo.path, 'tmp'))).toEqual(['cache'])
    expect(repo.resolveRef('ostree/container/blob/l')).toBe(layer)
    expect(await readdir(join(repo.path, 'refs/heads/ostree'))).toEqual(['container'])
    expect(await readdir(join(repo.path, 'refs/heads/ostree/container'))).toEqual(['blob'])
    expect((await readdir(join(repo.path, 'state'))).sort()).toEqual(['landfall-layers', 'landfall-unfinished'])
    // Immutable to rm otherwise, and nothing that a BIOS could start.
    expect(ran).toContain(`chattr -i ${join(root, 'ostree/deploy/default/deploy/abc.0')}`)
    expect(ran).toContain('zero /dev/vda 0 440')
    expect(ran).toContain(`zero /dev/vda1 0 ${2 ** 20}`)
    expect(said.join()).toContain('the layers it had brought are kept')
  })

  it.each<[string, () => ReturnType<typeof resume>]>([
    ['that did not end, but of another install', () => resume(planned({}), otherInstall())],
    ['whose root became another file system', () => resume(planned({}), otherRoot())],
    ['on an array', () => resume(planned({ scheme: 'raid1', mirror: { serial: 'S2' } }))],
    ['on an encrypted disk', () => resume(planned({ encryption: { passphrase: 'very long' } }))],
    [
      'whose root shares its file system',
      () => resume(planned({ scheme: 'btrfs', volumes: [{ mount: '/var', size: 2 ** 30 }] })),
    ],
    ['on a disk without a table', () => resume(planned({}), planned({}), 'sfdisk')],
    ['whose root cannot be mounted', () => resume(planned({}), planned({}), 'mount')],
  ])('leaves nothing %s', async (_, run) => {
    await writeFile(join(root, 'kept'), 'as it was')
    const { kept, ran } = await run()
    expect(kept).toBe(false)
    expect(ran.filter((line) => line.startsWith('zero'))).toEqual([])
    expect(await readFile(join(root, 'kept'), 'utf8')).toBe('as it was')
  })

  it('is not one if its install came to an end: what is there is a system', async () => {
    new UnfinishedNote(repo).remove()
    await mkdir(join(root, 'ostree/deploy'))
    const { kept, ran } = await resume(planned({}))
    expect(kept).toBe(false)
    expect(ran.filter((line) => line.startsWith('zero'))).toEqual([])
    expect(existsSync(join(root, 'ostree/deploy'))).toBe(true)
  })
})

function otherInstall(): StoragePlan {
  const made = planned({})
  made.disks[0]!.uuid = '00000000-0000-4000-8000-000000000000'
  return made
}

function otherRoot(): StoragePlan {
  const made = planned({})
  for (const filesystem of made.filesystems) filesystem.uuid = '00000000-0000-4000-8000-000000000000'
  return made
}
