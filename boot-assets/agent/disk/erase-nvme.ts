// Erases an NVMe disk by its own commands: sanitize, or the format of its namespace.
import { setTimeout } from 'node:timers/promises'
import type { EraseMethod } from '../../../server/contract/erase.ts'
import { AgentError } from '../errors.ts'
import { parseSanitizeLog, SANITIZE_LOG_LENGTH } from '../facts/erasure.ts'
import type { SanitizeLog } from '../facts/erasure.ts'
import type { Host } from '../sys/host.ts'

/** SANACT of the sanitize command. */
const SANITIZE_ACTIONS: Partial<Record<EraseMethod, number>> = {
  'nvme-sanitize': 2,
  'nvme-sanitize-overwrite': 3,
  'nvme-sanitize-crypto': 4,
}
const EXIT_FAILURE_MODE = 1
/** SES of the format command. */
const FORMAT_SETTINGS: Partial<Record<EraseMethod, number>> = { 'nvme-format': 1, 'nvme-format-crypto': 2 }

/** Formatting takes seconds, or on some disks as long as writing all of it. */
const FORMAT_TIMEOUT = 4 * 3_600_000
const POLL_MS = 2000
/** So often in a row the log may fail to come: some disks reset themselves while they sanitize, and go on. */
const UNREAD_LOGS = 15

/** The log of the disk's last sanitize. Throws CommandError; undefined when it cannot be read. */
export async function readSanitizeLog(host: Host, device: string): Promise<SanitizeLog | undefined> {
  const { stdout } = await host.run('nvme', ['get-log', device, '--log-id=0x81', `--log-len=${SANITIZE_LOG_LENGTH}`])
  return parseSanitizeLog(stdout)
}

/** Keeps the format of the blocks. Throws CommandError. */
export async function formatNvme(host: Host, device: string, method: EraseMethod): Promise<void> {
  const settings = [`--ses=${FORMAT_SETTINGS[method]}`, `--timeout=${FORMAT_TIMEOUT}`, '--force']
  await host.run('nvme', ['format', device, ...settings], { timeout: FORMAT_TIMEOUT + 60_000 })
}

/**
 * Waits until the disk is done; it goes on by itself after a cut of its power, and such a run is taken over rather than begun again. A
 * disk that fails is brought back to work, for what else may be tried. Throws CommandError, AgentError DISK_ERASE.
 */
export async function sanitizeNvme(
  host: Host,
  device: string,
  method: EraseMethod,
  { onProgress, signal, pause = POLL_MS }: { onProgress: (part: number) => void; signal: AbortSignal; pause?: number },
): Promise<void> {
  const action = SANITIZE_ACTIONS[method]
  const start = (what: number | undefined) =>
    host.run('nvme', ['sanitize', device, `--sanact=${what}`, ...(what === EXIT_FAILURE_MODE ? [] : ['--ause'])])
  const before = await readSanitizeLog(host, device)
  if (before?.status !== 2 || before.action !== action) await start(action)
  let unread = 0
  for (; ; await setTimeout(pause, undefined, { signal })) {
    let log: SanitizeLog | undefined
    try {
      log = await readSanitizeLog(host, device)
      unread = 0
    } catch (error) {
      if (++unread > UNREAD_LOGS) throw error
      continue
    }
    switch (log?.status) {
      case 1:
      case 4:
        return
      case 2:
        onProgress(log.progress)
        break
      case 3:
        await start(EXIT_FAILURE_MODE).catch(() => {})
        throw new AgentError('DISK_ERASE', 'the disk reports that its sanitize has failed')
      default:
        throw new AgentError('DISK_ERASE', 'the disk took the command, but reports no sanitize')
    }
  }
}
