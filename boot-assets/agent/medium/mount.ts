// Finds the medium that started this machine, and reads what it is for.
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Medium, MEDIUM_FILE } from '../../../server/contract/medium.ts'
import type { Console } from '../console.ts'
import { AgentError } from '../errors.ts'
import type { Host } from '../sys/host.ts'

/** A hub with a slow stick takes half a minute; a virtual drive across a continent longer. */
const PATIENCE_MS = 180_000
const POLL_MS = 500
const REMINDER_MS = 10_000

/** Thousands of machines with their keys fit. */
const LIMIT = 64 * 2 ** 20

/**
 * Mounts the medium with this volume id read-only, when it has shown up. A disk with something mounted is in use, hence never
 * one to install on. Throws AgentError MEDIUM_UNREADABLE.
 */
export async function mountMedium(
  host: Host,
  console: Console,
  label: string,
  mountPoint: string,
  { patience = PATIENCE_MS, poll = POLL_MS } = {},
): Promise<void> {
  const mounts = ((await host.read('/proc/self/mounts')) ?? '').split('\n')
  // An agent that was started again finds it mounted.
  if (mounts.some((line) => line.split(' ')[1] === mountPoint)) return
  const device = await waitForDevice(host, console, label, { patience, poll })
  console.say(`reading from ${device} (${label})`)
  await host.run('mkdir', ['-p', mountPoint])
  await host
    .run('mount', ['-t', 'iso9660', '-o', 'ro,nosuid,nodev,noexec', device, mountPoint])
    .catch((cause: unknown) => {
      throw new AgentError('MEDIUM_UNREADABLE', `mounting ${device}: ${(cause as Error).message}`, { cause })
    })
}

async function waitForDevice(
  host: Host,
  console: Console,
  label: string,
  { patience, poll }: { patience: number; poll: number },
): Promise<string> {
  const started = performance.now()
  for (let reminded = started; ;) {
    const device = await host.resolve(`/dev/disk/by-label/${label}`)
    if (device !== undefined) return device
    const now = performance.now()
    if (now - started > patience) {
      throw new AgentError('MEDIUM_UNREADABLE', `no stick, CD or disk with the label ${label} has shown up`, {
        hint: 'is it still plugged in? put it back; this machine looks again by itself',
      })
    }
    if (now - reminded >= REMINDER_MS) {
      console.say(`waiting for the medium ${label} to show up`)
      reminded = now
    }
    await sleep(poll)
  }
}

/** What the medium mounted there is for. Throws AgentError MEDIUM_UNREADABLE. */
export async function readMedium(mountPoint: string): Promise<Medium> {
  const file = join(mountPoint, MEDIUM_FILE)
  try {
    const { size } = await stat(file)
    if (size > LIMIT) throw new Error(`${size} bytes are too many`)
    return Medium.parse(JSON.parse(await readFile(file, 'utf8')))
  } catch (cause) {
    throw new AgentError('MEDIUM_UNREADABLE', `reading ${file}: ${(cause as Error).message}`, { cause })
  }
}
