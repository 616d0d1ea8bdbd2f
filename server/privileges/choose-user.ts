// Who a server that was started by root becomes.
import type { Account } from '../host/accounts.ts'
import { PrivilegeError } from './errors.ts'

/** Whom Landfall runs as where nobody said otherwise. */
export const SERVICE_USER = 'landfall'

export interface UserQuestion {
  /** The setting `user`. */
  wanted: string | undefined
  /** Of the data folder; undefined when there is none yet. */
  owner: { uid: number; gid: number } | undefined
  find: (nameOrId: string | number) => Account | undefined
}

/**
 * The account to become; undefined for root. Without a wish it is the owner of the data folder, so that a service's data stays its own, and
 * else the service user, if there is one. Throws USER_UNKNOWN.
 */
export function chooseUser({ wanted, owner, find }: UserQuestion): Account | undefined {
  if (wanted !== undefined) {
    const account = find(wanted)
    if (account) return account.uid === 0 ? undefined : account
    const hint = `\`useradd --system --shell /usr/sbin/nologin ${wanted}\` makes it`
    throw new PrivilegeError('USER_UNKNOWN', `user: there is no user ${wanted} on this host`, { hint })
  }
  if (owner && owner.uid !== 0) return find(owner.uid) ?? { name: String(owner.uid), ...owner }
  return find(SERVICE_USER)
}

/** Throws NOT_ROOT when a process of `uid`, which is not root's, was told to serve as somebody else. */
export function assertUser({ wanted, uid, find }: Pick<UserQuestion, 'wanted' | 'find'> & { uid: number }): void {
  if (wanted === undefined || uid === 0) return
  const account = find(wanted)
  if (account?.uid === uid || account?.uid === 0) return
  const hint = 'start it as root or as that user, or leave the setting out'
  throw new PrivilegeError('NOT_ROOT', `user: only root can become ${wanted}`, { hint })
}
