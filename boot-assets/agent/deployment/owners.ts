// Who files belong to, by number: accounts that systemd makes only at the first boot have none yet.
import { AgentError } from '../errors.ts'
import type { KnownAccounts, PlannedAccounts } from './accounts.ts'

/** What is undefined is settled at the first boot. */
export interface Owner {
  uid: number | undefined
  gid: number | undefined
}

/** Names that sysusers.d(5) of the image will make, of either kind. */
export function sysusersNames(texts: readonly string[]): Set<string> {
  const lines = texts.flatMap((text) => text.split('\n')).map((line) => line.trim().split(/\s+/))
  return new Set(lines.flatMap(([type = '', name = '']) => (/^[ug]!?$/.test(type) ? [name] : [])))
}

export interface OwnerSources {
  known: KnownAccounts
  planned: PlannedAccounts
  /** Accounts that the image makes at the first boot. */
  later: ReadonlySet<string>
}

/** Throws AgentError CONFIGURE_FAILED for names that nobody will ever have. */
export function ownerOf(
  { path, user, group }: { path: string; user: string; group: string },
  { known, planned, later }: OwnerSources,
): Owner {
  const uid =
    user === 'root'
      ? 0
      : (known.users.find(({ name }) => name === user)?.id ?? planned.users.find((one) => one.user.name === user)?.uid)
  const gid =
    group === 'root'
      ? 0
      : (known.groups.find(({ name }) => name === group)?.id ?? planned.groups.find(({ name }) => name === group)?.gid)
  // systemd makes a group for each user that it makes.
  const groups = [...planned.groups, ...planned.users.map((one) => one.user)].map(({ name }) => name)
  const missing = [
    ...(uid === undefined && !later.has(user) ? [`user ${user}`] : []),
    ...(gid === undefined && !later.has(group) && !groups.includes(group) ? [`group ${group}`] : []),
  ]
  if (missing.length === 0) return { uid, gid }
  throw new AgentError(
    'CONFIGURE_FAILED',
    `files: ${path}: neither the image nor the spec has the ${missing.join(' and the ')}`,
    {
      hint: 'add it to users or groups, or leave the owner to root',
    },
  )
}
