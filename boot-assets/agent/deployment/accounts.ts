// Users and groups of the spec beside those of the image: which ids they get, and where both contradict each other.
import type { MachineSpec } from '../../../server/contract/spec.ts'
import { AgentError } from '../errors.ts'

/** First user id for people (login.defs UID_MIN of every distribution in the field). */
const FIRST_UID = 1000

/** A line of passwd(5) or group(5). */
export interface KnownAccount {
  name: string
  id: number
}

export interface KnownUser extends KnownAccount {
  gid: number
  comment: string
  home: string
  shell: string
}

export interface KnownAccounts {
  users: readonly KnownUser[]
  groups: readonly KnownAccount[]
}

interface PlannedUser {
  user: MachineSpec['users'][number]
  /** The image's user of that name. */
  known: KnownUser | undefined
  uid: number
  /** Id of the user's own group where somebody says which; else systemd makes one of the user's name. */
  gid: number | undefined
}

export interface PlannedAccounts {
  groups: { name: string; gid: number | undefined }[]
  users: PlannedUser[]
}

export function parsePasswd(text: string): KnownUser[] {
  return fieldsOf(text).map(([name = '', , id, gid, comment = '', home = '', shell = '']) => ({
    name,
    id: Number(id),
    gid: Number(gid),
    comment,
    home,
    shell,
  }))
}

export function parseGroup(text: string): KnownAccount[] {
  return fieldsOf(text).map(([name = '', , id]) => ({ name, id: Number(id) }))
}

function fieldsOf(text: string): string[][] {
  return text
    .split('\n')
    .filter((line) => /^[^#:+-][^:]*:/.test(line))
    .map((line) => line.split(':'))
}

/**
 * Ids that were asked for are given or refused: systemd-sysusers would silently take others where one is taken, and leave a user of the
 * image as it is. Throws AgentError CONFIGURE_FAILED.
 */
export function planAccounts(spec: Pick<MachineSpec, 'users' | 'groups'>, known: KnownAccounts): PlannedAccounts {
  const groups = new Map<string, number | undefined>()
  for (const { name, gid } of spec.groups) {
    if (gid !== undefined) requireFreeGid(`group ${name}`, name, gid, known, groups)
    groups.set(name, gid)
  }
  for (const user of spec.users) requireUnlike(user, known)
  const taken = new Set([...known.users.map(({ id }) => id), ...spec.users.map(({ uid }) => uid)])
  let next = FIRST_UID
  const users = spec.users.map((user): PlannedUser => {
    const { name, uid, gid } = user
    const there = known.users.find((other) => other.name === name)
    if (there) return { user, known: there, uid: there.id, gid: there.gid }
    if (uid !== undefined) requireFreeUid(user, uid, known, spec)
    if (gid !== undefined && !hasGid(gid, known, groups)) {
      requireFreeGid(`user ${name}`, name, gid, known, groups)
      groups.set(name, gid)
    }
    if (uid !== undefined) return { user, known: undefined, uid, gid }
    while (taken.has(next)) next++
    return { user, known: undefined, uid: next++, gid }
  })
  return { groups: [...groups].map(([name, gid]) => ({ name, gid })), users }
}

function hasGid(gid: number, known: KnownAccounts, groups: ReadonlyMap<string, number | undefined>): boolean {
  return known.groups.some(({ id }) => id === gid) || [...groups.values()].includes(gid)
}

function requireFreeGid(
  whose: string,
  name: string,
  gid: number,
  known: KnownAccounts,
  groups: ReadonlyMap<string, number | undefined>,
): void {
  const same = known.groups.find((group) => group.name === name)
  if (same && same.id !== gid) throw taken(whose, `the image has a group ${name} already, with gid ${same.id}`)
  if (groups.has(name)) throw taken(whose, `the spec has a group ${name} already, with another gid`)
  const other = known.groups.find(({ id }) => id === gid)
  if (other && !same) throw taken(whose, `gid ${gid} belongs to group ${other.name} of the image`)
  const [planned] = [...groups].find(([, id]) => id === gid) ?? []
  if (planned !== undefined) throw taken(whose, `gid ${gid} belongs to group ${planned} of the spec`)
}

function requireFreeUid(
  { name }: { name: string },
  uid: number,
  known: KnownAccounts,
  spec: Pick<MachineSpec, 'users'>,
) {
  const others = [
    ...known.users.filter((other) => other.id === uid).map((other) => ({ name: other.name, where: 'image' })),
    ...spec.users.filter((other) => other.uid === uid).map((other) => ({ name: other.name, where: 'spec' })),
  ].filter((other) => other.name !== name)
  const [other] = others
  if (other) throw taken(`user ${name}`, `uid ${uid} belongs to user ${other.name} of the ${other.where}`)
}

/** What a user of the image is cannot be changed from outside: sysusers.d only adds. */
function requireUnlike(user: MachineSpec['users'][number], { users }: KnownAccounts): void {
  const known = users.find(({ name }) => name === user.name)
  if (!known) return
  const has = { ...known, uid: known.id }
  const differing = (['uid', 'gid', 'comment', 'home', 'shell'] as const).filter(
    (key) => user[key] !== undefined && user[key] !== has[key],
  )
  if (differing.length === 0) return
  throw new AgentError(
    'CONFIGURE_FAILED',
    `user ${user.name} comes with the image, which says what its ${differing.join(', ')} is`,
    { hint: 'leave that out of the spec, or change the user in the image' },
  )
}

function taken(whose: string, why: string): AgentError {
  return new AgentError('CONFIGURE_FAILED', `${whose}: ${why}`, { hint: 'choose another id, or leave it out' })
}
