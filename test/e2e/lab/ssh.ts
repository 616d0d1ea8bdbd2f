// Commands in a deployed machine, as root, over the lab's network.

import { join } from 'node:path'
import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { run, type CommandOptions, type CommandResult } from './command.ts'
import { LabError } from './errors.ts'
import type { Namespace } from './namespace.ts'

export interface SshKey {
  privatePath: string
  /** The line for `authorized_keys`. */
  publicLine: string
}

/** Makes a key pair for one lab. */
export async function createSshKey(folder: string): Promise<SshKey> {
  const privatePath = join(folder, 'ssh-key')
  await run(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', 'lab', '-f', privatePath])
  return { privatePath, publicLine: (await readFile(`${privatePath}.pub`, 'utf8')).trim() }
}

const OPTIONS = [
  'StrictHostKeyChecking=no',
  'UserKnownHostsFile=/dev/null',
  'LogLevel=ERROR',
  'BatchMode=yes',
  // An emulated machine on a busy host takes its time for the key exchange; so it is done once, and commands share the connection.
  'ConnectTimeout=60',
  'ControlMaster=auto',
  'ControlPersist=60',
  // Notices that a machine went away, so that a command does not wait for it.
  'ServerAliveInterval=10',
  'ServerAliveCountMax=6',
]
const RETRY_DELAY = 1000
let connections = 0

/** A way into one machine at one address, until that machine restarts. */
export class Ssh {
  #argv: string[]
  #namespace: Namespace
  #address: string

  constructor(namespace: Namespace, address: string, key: SshKey) {
    this.#namespace = namespace
    this.#address = address
    const socket = `ControlPath=${key.privatePath}-${++connections}`
    const options = [...OPTIONS, socket].flatMap((option) => ['-o', option])
    this.#argv = ['ssh', '-F', 'none', '-i', key.privatePath, ...options, `root@${address}`]
  }

  /** Runs a shell command line to its end; throws COMMAND_FAILED with what it said unless it exits with 0. */
  run(commandLine: string, options?: CommandOptions): Promise<CommandResult> {
    return this.#namespace.exec([...this.#argv, commandLine], options)
  }

  /** Resolves when the machine lets us in; throws TIMED_OUT with the last refusal as its cause. */
  async waitUntilReady({ timeout = 600_000 } = {}): Promise<void> {
    const deadline = Date.now() + timeout
    for (;;) {
      try {
        await this.run('true', { timeout: 90_000 })
        return
      } catch (cause) {
        if (Date.now() > deadline) {
          throw new LabError('TIMED_OUT', `no SSH to ${this.#address} within ${timeout / 1000} s`, { cause })
        }
        await sleep(RETRY_DELAY)
      }
    }
  }
}
