// Erases an ATA disk by its own SECURITY ERASE UNIT.
import type { EraseMethod } from '../../../server/contract/erase.ts'
import { AgentError } from '../errors.ts'
import { parseAtaSecurity } from '../facts/erasure.ts'
import type { AtaSecurity } from '../facts/erasure.ts'
import type { Host } from '../sys/host.ts'

/** No secret: a disk that loses power on the way keeps it, and whoever finds it shall know how to open it. */
const PASSWORD = 'landfall'
/** Large rotating disks take a day. */
const TIMEOUT = 48 * 3_600_000

/** Throws CommandError; undefined for disks without the feature. */
export async function readAtaSecurity(host: Host, device: string): Promise<AtaSecurity | undefined> {
  return parseAtaSecurity((await host.run('/usr/lib/udev/ata_id', ['--export', device])).stdout)
}

/**
 * Gives the disk a password, since it erases only what is locked; it forgets that in the end. One that was left by an erasing that was cut
 * off serves as well. Throws CommandError, AgentError DISK_ERASE when the disk is locked afterwards.
 */
export async function eraseAta(host: Host, device: string, method: EraseMethod): Promise<void> {
  const hdparm = (...args: string[]) =>
    host.run('hdparm', ['--user-master', 'u', ...args, device], { timeout: TIMEOUT })
  const before = await readAtaSecurity(host, device)
  if (!before?.enabled) await hdparm('--security-set-pass', PASSWORD)
  const erase = method === 'ata-erase-enhanced' ? '--security-erase-enhanced' : '--security-erase'
  try {
    await hdparm(erase, PASSWORD)
  } catch (error) {
    if (!before?.enabled) await hdparm('--security-disable', PASSWORD).catch(() => {})
    throw error
  }
  const after = await readAtaSecurity(host, device)
  if (after?.enabled === false) return
  throw new AgentError(
    'DISK_ERASE',
    `the disk took the command, but has a password still; erase it again, by "${PASSWORD}"`,
  )
}
