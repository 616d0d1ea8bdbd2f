// User accounts of this host, and acting as one of them for a while.
import { execFileSync } from 'node:child_process'

export interface Account {
  /** The number as text where the host has no name for it. */
  name: string
  uid: number
  gid: number
}

/** The account of that name or number; undefined when there is none. Asks the host's own lookup, which knows more than /etc/passwd. */
export function findAccount(nameOrId: string | number): Account | undefined {
  try {
    const stdio: ['ignore', 'pipe', 'ignore'] = ['ignore', 'pipe', 'ignore']
    return parseAccount(execFileSync('getent', ['passwd', '--', String(nameOrId)], { encoding: 'utf8', stdio }))
  } catch {
    return undefined
  }
}

/** A line of passwd(5). */
export function parseAccount(line: string): Account | undefined {
  const [name, , uid, gid] = line.trim().split(':')
  if (!name || !/^\d+$/.test(uid ?? '') || !/^\d+$/.test(gid ?? '')) return undefined
  return { name, uid: Number(uid), gid: Number(gid) }
}

/**
 * Runs `work` with the rights that the account has on files, without any groups but its own, then becomes root again. All threads act so
 * meanwhile: for the time before a server starts. What root opened before stays open.
 */
export async function actingAs<T>({ uid, gid }: Account, work: () => T | Promise<T>): Promise<T> {
  const groups = process.getgroups!()
  const [ownUid, ownGid] = [process.geteuid!(), process.getegid!()]
  process.setgroups!([gid])
  process.setegid!(gid)
  process.seteuid!(uid)
  try {
    return await work()
  } finally {
    process.seteuid!(ownUid)
    process.setegid!(ownGid)
    process.setgroups!(groups)
  }
}
