// Users of the spec as sysusers.d and tmpfiles.d files: systemd makes them at first boot, with the image's own labels and limits.
import type { MachineSpec } from '../../../server/contract/spec.ts'
import { base64, keysFile } from './files.ts'

/** First user id for people (login.defs UID_MIN of every distribution in the field). */
const FIRST_UID = 1000

export interface UserLayout {
  /** Where homes lie once links are followed: `/var/home` or `/home`. */
  homes: string
  /** A shell the image has. */
  shell: string
}

/** `etc/sysusers.d/landfall-users.conf`. A taken id makes systemd-sysusers choose another. Passwords stay locked. */
export function sysusersText(users: MachineSpec['users'], { homes, shell }: UserLayout): string {
  return users
    .flatMap(({ name, groups }, index) => [
      `u ${name} ${FIRST_UID + index} "${name}" ${homes}/${name} ${shell}`,
      ...groups.map((group) => `m ${name} ${group}`),
    ])
    .map((line) => `${line}\n`)
    .join('')
}

/** `etc/tmpfiles.d/landfall-users.conf`: homes with the authorized keys. */
export function usersTmpfilesText(users: MachineSpec['users'], { homes }: UserLayout): string {
  return users
    .flatMap(({ name, sshKeys }) => {
      const home = `${homes}/${name}`
      const keys = [
        `d ${home}/.ssh 0700 ${name} ${name} -`,
        `f~ ${home}/.ssh/authorized_keys 0600 ${name} ${name} - ${base64(keysFile(sshKeys))}`,
      ]
      return [`d ${home} 0700 ${name} ${name} -`, ...(sshKeys.length > 0 ? keys : [])]
    })
    .map((line) => `${line}\n`)
    .join('')
}
