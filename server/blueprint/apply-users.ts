// Users, keys and groups of a blueprint.
import type { UserSpec } from '../contract/spec.ts'
import { sha512Crypt } from './crypt.ts'
import type { Outcome } from './outcome.ts'
import type { BlueprintUser, Customizations } from './schema.ts'

const BEYOND_SPEC = ['description', 'home', 'shell', 'uid', 'gid', 'expiredate', 'force_password_reset'] as const

export function applyUsers({ user = [], sshkey = [], group = [] }: Customizations, outcome: Outcome): void {
  const users = new Map<string, UserSpec>()
  const rootKeys: string[] = []
  const account = (name: string): UserSpec => {
    const known = users.get(name) ?? { name, sshKeys: [], groups: [] }
    users.set(name, known)
    return known
  }
  user.forEach((one, at) => {
    const key = `customizations.user[${at}]`
    outcome.skipAll(key, one, BEYOND_SPEC, 'Landfall sets name, password, keys and groups of a user')
    const password = hashed(one)
    if (one.name === 'root') {
      outcome.skipAll(key, one, ['groups'], 'root needs no groups')
      if (password !== undefined) outcome.spec.rootPassword = password
      rootKeys.push(...(one.key ?? []))
      return
    }
    const made = account(one.name)
    made.groups.push(...(one.groups ?? []))
    made.sshKeys.push(...(one.key ?? []))
    if (password !== undefined) made.password = password
  })
  for (const { user: name, key } of sshkey) (name === 'root' ? rootKeys : account(name).sshKeys).push(...key)
  if (users.size > 0) outcome.spec.users = [...users.values()]
  if (rootKeys.length > 0) outcome.spec.rootSshKeys = rootKeys
  applyGroups(group, outcome)
}

/** An empty password is none: the account stays locked. */
function hashed({ password }: BlueprintUser): string | undefined {
  if (password === undefined || password === '') return undefined
  return /^\$(6|y)\$/.test(password) ? password : sha512Crypt(password)
}

function applyGroups(groups: NonNullable<Customizations['group']>, outcome: Outcome): void {
  if (groups.length === 0) return
  if (outcome.target === 'machine') {
    return outcome.skip('customizations.group', 'machines get no groups beside those of the image')
  }
  const text = groups.map(({ name, gid }) => `g ${name} ${gid ?? '-'}\n`).join('')
  outcome.files.push({ path: '/etc/sysusers.d/landfall-groups.conf', text, mode: 0o644 })
}
