// Room for an image's root besides the target, which has to be empty when bootc begins: memory.
import { mkdir } from 'node:fs/promises'
import { formatBytes } from '../../../server/contract/bytes.ts'
import type { Manifest } from '../../../server/oci/manifest.ts'
import { AgentError } from '../errors.ts'
import type { Host } from '../sys/host.ts'

/** For the agent, for bootc and for the pages of what is being written. */
const RESERVE = 640 * 2 ** 20
/** Root file systems grow to about this much of their compressed layers. */
const EXPANSION = 2.6

/** What the image takes unpacked, as far as its manifest tells. */
export function unpackedEstimate({ layers }: Pick<Manifest, 'layers'>): number {
  return layers.reduce(
    (sum, { mediaType, size }) => sum + size * (/[+.](gzip|zstd)$/.test(mediaType) ? EXPANSION : 1),
    0,
  )
}

/** Refuses before any disk is touched. Throws AgentError NO_SPACE with what is there and what it takes. */
export async function requireMemory(host: Host, manifest: Pick<Manifest, 'layers'>): Promise<void> {
  const room = await roomInMemory(host)
  const needed = unpackedEstimate(manifest)
  if (needed <= room) return
  throw new AgentError(
    'NO_SPACE',
    `engine bootc unpacks the image in memory: it takes about ${formatBytes(needed)}, and there is room for ${formatBytes(room)}`,
    { hint: 'set engine to ostree, which needs no such room, or give the machine more memory' },
  )
}

/** Mounts a file system in memory at `folder`, which never takes what the programs need. Throws CommandError. */
export async function mountScratch(host: Host, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  await unmountScratch(host, folder)
  const size = await roomInMemory(host)
  await host.run('mount', ['-t', 'tmpfs', '-o', `size=${size},mode=0755,nr_inodes=0`, 'tmpfs', folder])
}

/** Gives the memory back; does nothing where there is none. */
export async function unmountScratch(host: Host, folder: string): Promise<void> {
  const mounted = ((await host.read('/proc/self/mounts')) ?? '')
    .split('\n')
    .some((line) => line.split(' ')[1] === folder)
  if (mounted) await host.run('umount', [folder])
}

async function roomInMemory(host: Host): Promise<number> {
  const [, kib] = /^MemAvailable:\s+(\d+) kB/m.exec((await host.read('/proc/meminfo')) ?? '') ?? []
  return Math.max(0, Number(kib ?? 0) * 1024 - RESERVE)
}
