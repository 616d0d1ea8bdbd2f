// Root, users and their keys as kickstart commands (kickstart-and-iso.md section 2.4).
import type { MachineSpec } from '../contract/spec.ts'
import { ksCommand } from './command.ts'

/** `secret` commands hold password hashes. Some `rootpw` is always there: without one, Anaconda asks for an administrator. */
export function accountCommands({
  rootPassword,
  rootSshKeys,
  users,
  groups: newGroups,
}: Pick<MachineSpec, 'rootPassword' | 'rootSshKeys' | 'users' | 'groups'>): { open: string[]; secret: string[] } {
  const secret: string[] = []
  const open: string[] = []
  if (rootPassword === undefined) open.push(ksCommand('rootpw', { lock: true }))
  else secret.push(ksCommand('rootpw', { iscrypted: true }, rootPassword))
  for (const { name, gid } of newGroups) open.push(ksCommand('group', { name, gid }))
  for (const { name, groups, password, uid, gid, comment, home, shell } of users) {
    const own = { uid, gid, gecos: comment, homedir: home, shell }
    const options = { name, groups: groups.length > 0 ? groups : undefined, ...own }
    if (password === undefined) open.push(ksCommand('user', options))
    else secret.push(ksCommand('user', { ...options, iscrypted: true, password }))
  }
  for (const key of rootSshKeys) open.push(ksCommand('sshkey', { username: 'root' }, key))
  for (const { name, sshKeys } of users) {
    for (const key of sshKeys) open.push(ksCommand('sshkey', { username: name }, key))
  }
  return { open, secret }
}
