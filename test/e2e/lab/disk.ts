// Looks at the disk of a machine that is off, from the host, without changing it.

import { mkdtemp, rmdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from './command.ts'
import { LabError } from './errors.ts'

export interface Partition {
  number: number
  /** Bytes from the start of the disk. */
  start: number
  /** Bytes. */
  size: number
  /** GPT partition type GUID, lower case. */
  type: string
  /** GPT partition label. */
  label: string
  /** Unique partition GUID, lower case. */
  uuid: string
}

/** GPT type of an EFI system partition (UEFI 2.10, table 5.7). */
const ESP_TYPE = 'c12a7328-f81f-11d2-ba4b-00a0c93ec93b'

/** A host path at which a partition is mounted read-only; disposing unmounts it. */
export interface Mount extends AsyncDisposable {
  path: string
}

// The journal is not replayed: the disk is evidence, and a dirty journal could not be replayed on a read-only device.
const NO_REPLAY: Record<string, string> = { ext4: 'noload', xfs: 'norecovery', btrfs: 'rescue=nologreplay' }

interface SfdiskPartition {
  /** Path of the disk with the partition's number behind it. */
  node: string
  /** Sectors. */
  start: number
  size: number
  type: string
  name?: string
  uuid?: string
}

/** The partition table of a raw disk file; empty when it has none. Throws COMMAND_FAILED when it cannot be read. */
export async function partitions(file: string): Promise<Partition[]> {
  const stdout = await run(['sfdisk', '--json', file]).then(
    (result) => result.stdout,
    (error: unknown) => {
      if (String(error).includes('does not contain a recognized partition table')) return undefined
      throw error
    },
  )
  if (stdout === undefined) return []
  const { partitiontable } = JSON.parse(stdout) as {
    partitiontable: { sectorsize: number; partitions?: SfdiskPartition[] }
  }
  const { sectorsize } = partitiontable
  return (partitiontable.partitions ?? []).map(({ node, start, size, type, name = '', uuid = '' }) => ({
    number: Number(/\d+$/.exec(node)![0]),
    start: start * sectorsize,
    size: size * sectorsize,
    type: type.toLowerCase(),
    label: name,
    uuid: uuid.toLowerCase(),
  }))
}

/**
 * Mounts a partition (by its number) read-only. ext4, xfs and btrfs; the ESP is read by `espList` and `espRead` instead,
 * because not every host kernel has vfat. Needs root.
 */
export async function mountPartition(file: string, number: number): Promise<Mount> {
  const partition = (await partitions(file)).find((candidate) => candidate.number === number)
  if (!partition) throw new LabError('BAD_DISK', `mounting partition ${number} of ${file}: there is no such partition`)
  const { start, size } = partition
  const { stdout } = await run([
    'blkid',
    '--probe',
    '--offset',
    `${start}`,
    '--output',
    'value',
    '--match-tag',
    'TYPE',
    file,
  ])
  const type = stdout.trim()
  const noReplay = NO_REPLAY[type]
  if (noReplay === undefined)
    throw new LabError('BAD_DISK', `mounting partition ${number} of ${file}: it holds ${type}`)
  const path = await mkdtemp(join(tmpdir(), 'landfall-mount-'))
  const options = `ro,${noReplay},loop,offset=${start},sizelimit=${size}`
  await run(['mount', '--types', type, '--options', options, file, path])
  return {
    path,
    // The loop device was made by mount, so that umount detaches it.
    async [Symbol.asyncDispose]() {
      await run(['umount', path])
      await rmdir(path)
    },
  }
}

/** Paths of all files on the EFI system partition, e.g. `/EFI/BOOT/BOOTX64.EFI`. */
export async function espList(file: string): Promise<string[]> {
  const { stdout } = await run(['mdir', '-/', '-b', '-i', await espImage(file), '::'])
  return stdout
    .split('\n')
    .filter((line) => line !== '' && !line.endsWith('/'))
    .map((line) => line.replace(/^::/, ''))
}

/** One file of the EFI system partition, as text. */
export async function espRead(file: string, path: string): Promise<string> {
  const { stdout } = await run(['mtype', '-i', await espImage(file), `::${path}`])
  return stdout
}

async function espImage(file: string): Promise<string> {
  const esp = (await partitions(file)).find(({ type }) => type === ESP_TYPE)
  if (!esp) throw new LabError('BAD_DISK', `reading the EFI system partition of ${file}: there is none`)
  return `${file}@@${esp.start}`
}
