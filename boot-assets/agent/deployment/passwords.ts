// Passwords of the spec as lines of /etc/shadow.
import type { MachineSpec } from '../../../server/contract/spec.ts'

/** Hashes by name of the account. */
export function passwordsOf({ rootPassword, users }: Pick<MachineSpec, 'rootPassword' | 'users'>): Map<string, string> {
  return new Map([
    ...(rootPassword === undefined ? [] : [['root', rootPassword] as const]),
    ...users.flatMap(({ name, password }) => (password === undefined ? [] : [[name, password] as const])),
  ])
}

/**
 * The text of /etc/shadow with these hashes. An account that is made only at the first boot gets its line now: systemd-sysusers keeps one
 * that is there and adds the date.
 */
export function withPasswords(shadow: string, passwords: ReadonlyMap<string, string>): string {
  const missing = new Map(passwords)
  const lines = shadow
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [name = '', , ...rest] = line.split(':')
      const hash = missing.get(name)
      if (hash === undefined) return line
      missing.delete(name)
      return [name, hash, ...rest].join(':')
    })
  const added = [...missing].map(([name, hash]) => `${name}:${hash}:::::::`)
  return [...lines, ...added].map((line) => `${line}\n`).join('')
}
