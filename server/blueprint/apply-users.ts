// Users, keys and groups of a blueprint.
import type { UserSpec } from '../contract/spec.ts'
import { sha512Crypt } from './crypt.ts'
import type { Outcome } from './outcome.ts'
import type { BlueprintUser, Customizations } from './schema.ts'

const BEYOND_SPEC = ['expiredate', 'force_password_reset'] as const
const OF_ROOT = ['groups', 'description', 'home', 'shell', 'uid', 'gid'] as const

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
    outcome.skipAll(key, one, BEYOND_SPEC, 'how long an account and its password last is not set')
    const password = hashed(one)
    if (one.name === 'root') {
      outcome.skipAll(key, one, OF_ROOT, 'root is as the image has it, but for password and keys')
      if (password !== undefined) outcome.spec.rootPassword = password
      rootKeys.push(...(one.key ?? []))
      return
    }
    const made = account(one.name)
    made.groups.push(...(one.groups ?? []))
    made.sshKeys.push(...(one.key ?? []))
    if (password !== undefined) made.password = password
    const { description: comment, uid, gid, home, shell } = one
    Object.assign(made, withoutAbsent({ comment, uid, gid, home, shell }))
  })
  for (const { user: name, key } of sshkey) (name === 'root' ? rootKeys : account(name).sshKeys).push(...key)
  if (users.size > 0) outcome.spec.users = [...users.values()]
  if (rootKeys.length > 0) outcome.spec.rootSshKeys = rootKeys
  if (group.length > 0) outcome.spec.groups = group
}

/** An empty password is none: the account stays locked. */
function hashed({ password }: BlueprintUser): string | undefined {
  if (password === undefined || password === '') return undefined
  return /^\$(6|y)\$/.test(password) ? password : sha512Crypt(password)
}

function withoutAbsent<T extends object>(values: T): Partial<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Partial<T>
}
