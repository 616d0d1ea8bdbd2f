// Users and groups of the spec as sysusers.d and tmpfiles.d files: systemd makes them at first boot, with the image's own labels and limits.
import type { PlannedAccounts } from './accounts.ts'
import { base64, keysFile } from './files.ts'

export interface UserLayout {
  /** Where homes lie once links are followed: `/var/home` or `/home`. */
  homes: string
  /** A shell the image has. */
  shell: string
}

/** `etc/sysusers.d/landfall-users.conf`. Passwords stay locked. */
export function sysusersText({ groups, users }: PlannedAccounts, { homes, shell }: UserLayout): string {
  return [
    ...groups.map(({ name, gid }) => `g ${name} ${gid ?? '-'}`),
    ...users.flatMap(({ user, known, uid, gid }) => [
      ...(known
        ? []
        : [
            `u ${user.name} ${gid === undefined ? uid : `${uid}:${gid}`} ${quoted(user.comment ?? user.name)} ` +
              `${user.home ?? `${homes}/${user.name}`} ${user.shell ?? shell}`,
          ]),
      ...user.groups.map((group) => `m ${user.name} ${group}`),
    ]),
  ]
    .map((line) => `${line}\n`)
    .join('')
}

/** `etc/tmpfiles.d/landfall-users.conf`: homes with the authorized keys. The home of a user of the image is the image's business. */
export function usersTmpfilesText({ users }: PlannedAccounts, { homes }: UserLayout): string {
  return users
    .flatMap(({ user: { name, sshKeys, ...user }, known, gid = name }) => {
      const home = known?.home ?? user.home ?? `${homes}/${name}`
      const keys = [
        `d ${home}/.ssh 0700 ${name} ${gid} -`,
        `f~ ${home}/.ssh/authorized_keys 0600 ${name} ${gid} - ${base64(keysFile(sshKeys))}`,
      ]
      return [...(known ? [] : [`d ${home} 0700 ${name} ${gid} -`]), ...(sshKeys.length > 0 ? keys : [])]
    })
    .map((line) => `${line}\n`)
    .join('')
}

/** sysusers.d(5): in quotes with C escapes, specifiers doubled. */
function quoted(text: string): string {
  return `"${text.replaceAll('%', '%%').replaceAll(/["\\]/g, '\\$&')}"`
}
