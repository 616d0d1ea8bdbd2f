import { describe, expect, it } from 'vitest'
import { readDpkgStatus } from '../../../server/inspect/dpkg-status.ts'
import { dpkgStatus } from './package-lists.ts'

describe("dpkg's status file", () => {
  it('lists what is installed, by name', () => {
    const removed = 'Package: old\nStatus: deinstall ok config-files\nVersion: 1\n\n'
    expect(readDpkgStatus(removed + dpkgStatus({ systemd: '257.8-1', bash: '5.2.37-2+b5' }))).toEqual([
      { name: 'bash', version: '5.2.37-2+b5', architecture: 'amd64' },
      { name: 'systemd', version: '257.8-1', architecture: 'amd64' },
    ])
  })

  it('finds nothing in other text', () => {
    expect(readDpkgStatus('')).toEqual([])
    expect(readDpkgStatus('no\nstatus\n\nat all')).toEqual([])
  })
})
