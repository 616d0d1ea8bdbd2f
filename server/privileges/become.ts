// Becoming a user for good: by setpriv(1), since Node can change users but not capabilities, let alone their bounding set.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Account } from '../host/accounts.ts'
import { CAPABILITIES, holds } from '../host/capabilities.ts'
import type { Capability } from '../host/capabilities.ts'
import { PrivilegeError } from './errors.ts'

export interface Change {
  account: Account
  /** The only capabilities that are left, also to programs that are started later. */
  keep: readonly Capability[]
}

/** What it takes to give the rest away. */
const NEEDED: readonly Capability[] = ['CAP_SETUID', 'CAP_SETGID', 'CAP_SETPCAP']
const FOLDERS = ['/usr/bin', '/bin', '/usr/local/bin', '/usr/sbin', '/sbin']

/** Where setpriv is. Throws CANNOT_CHANGE_USER where it or a capability is missing. */
export function findSetpriv(): string {
  const status = readFileSync('/proc/self/status', 'utf8')
  const missing = NEEDED.filter((capability) => !holds(status, capability))
  if (missing.length > 0) {
    throw new PrivilegeError('CANNOT_CHANGE_USER', `changing the user: this root lacks ${missing.join(', ')}`, {
      hint: 'give the container these capabilities, or start it as the user that is to serve',
    })
  }
  const program = FOLDERS.map((folder) => join(folder, 'setpriv')).find((path) => existsSync(path))
  if (program !== undefined) return program
  throw new PrivilegeError('CANNOT_CHANGE_USER', 'changing the user: there is no program setpriv', {
    hint: 'install the package util-linux',
  })
}

/** Arguments of setpriv that run `argv` as the account: no group but its own, no way to gain rights again. */
export function setprivArguments({ account, keep }: Change, argv: readonly string[]): string[] {
  const capabilities = ['-all', ...keep.map((name) => `+${name.replace(/^CAP_/, '').toLowerCase()}`)].join(',')
  const ids = ['--reuid', String(account.uid), '--regid', String(account.gid), '--clear-groups']
  const sets = ['--inh-caps', '--ambient-caps', '--bounding-set'].flatMap((set) => [set, capabilities])
  return [...ids, '--no-new-privs', ...sets, '--', ...argv]
}

/** What of `wanted` this process can pass on. */
export function heldOf(wanted: readonly Capability[]): Capability[] {
  const status = readFileSync('/proc/self/status', 'utf8')
  return (Object.keys(CAPABILITIES) as Capability[]).filter((one) => wanted.includes(one) && holds(status, one))
}

/** Replaces this process; whoever supervises it sees the same process go on. */
export function become(setpriv: string, change: Change, argv: readonly string[], env: NodeJS.ProcessEnv): never {
  const execve = process.execve as (file: string, args: string[], env: NodeJS.ProcessEnv) => never
  return execve(setpriv, ['setpriv', ...setprivArguments(change, argv)], env)
}
