// The assign dialog's fields, and the spec they mean.

import type { PartialSpec } from '../../../../server/contract/spec.ts'

export interface Assignment {
  image: string
  hostname: string
  /** One key per line. */
  sshKeys: string
  filesystem: string
  diskSerial: string
  transport: string
  /** `agent`, or the id of the boot medium whose Anaconda installs. */
  installer: string
  finish: string
}

export const EMPTY_ASSIGNMENT: Assignment = {
  image: '',
  hostname: '',
  sshKeys: '',
  filesystem: '',
  diskSerial: '',
  transport: '',
  installer: '',
  finish: '',
}

/** What was left empty is left to profiles and defaults. The server checks the values; nothing is checked twice. */
export function specOf(values: Assignment): PartialSpec {
  const { hostname, sshKeys, filesystem, diskSerial, transport, installer, finish } = values
  const keys = sshKeys
    .split('\n')
    .map((key) => key.trim())
    .filter((key) => key !== '')
  const disk = {
    ...(diskSerial.trim() !== '' && { serial: diskSerial.trim() }),
    ...(transport !== '' && {
      transport: transport as NonNullable<NonNullable<PartialSpec['disks']>['disk']>['transport'],
    }),
  }
  const disks = {
    ...(Object.keys(disk).length > 0 && { disk }),
    ...(filesystem !== '' && { filesystem: filesystem as 'xfs' | 'ext4' | 'btrfs' }),
  }
  return {
    ...installerOf(installer),
    ...(hostname.trim() !== '' && { hostname: hostname.trim() }),
    ...(keys.length > 0 && { rootSshKeys: keys }),
    ...(Object.keys(disks).length > 0 && { disks }),
    ...(finish !== '' && { finish: finish as NonNullable<PartialSpec['finish']> }),
  }
}

function installerOf(installer: string): Pick<PartialSpec, 'installer' | 'media'> {
  if (installer === '' || installer === 'agent') return installer === '' ? {} : { installer: 'agent' }
  return { installer: 'anaconda', media: installer }
}
