// What a reinstall keeps on arrays, encryption and logical volumes, by the installer's own kernel and tools on the disks of a machine.

import { spawn } from 'node:child_process'
import { mkdtempDisposable, readFile, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { expect, it } from 'vitest'
import { buildInstaller } from '../../boot-assets/installer/build.ts'
import { accelerator, acceleratorArguments } from '../../boot-assets/qemu/accelerator.ts'
import { qemuPackage } from '../../boot-assets/qemu/package.ts'
import { labUnavailable } from './lab/lab.ts'

const MINUTE = 60_000
const GIB = 2 ** 30

it(
  'a reinstall finds /var as it was, whatever it lies on, and refuses what it cannot open before it writes',
  { timeout: 40 * MINUTE },
  async ({ skip }) => {
    const reason = labUnavailable()
    if (reason !== undefined) return skip(reason)
    await using folder = await mkdtempDisposable(join(tmpdir(), 'landfall-kept-'))
    const results = await runInInstaller(folder.path)

    const anew = { sum: expect.any(String), kept: [], rootIsNew: true }
    const firstSum = (name: string) => (results.get(name)!['made'] as { sum: string }).sum
    expect(results.get('mirror')).toMatchObject({
      made: anew,
      again: { sum: firstSum('mirror'), rootIsNew: true, kept: ['vda 5 var', 'vdb 5 var', 'RAID1 var'] },
    })
    for (const name of ['thin volumes', 'volumes on an encrypted mirror', 'a partition of another passphrase']) {
      expect(results.get(name)).toMatchObject({ made: anew, again: { sum: firstSum(name), rootIsNew: true } })
    }
    expect(results.get('thin volumes')).toMatchObject({
      again: { kept: ['vda 4 system', 'volume group system', 'thin pool pool', 'volume var'] },
    })
    expect(results.get('volumes on an encrypted mirror')).toMatchObject({
      again: {
        kept: ['vda 4 system', 'vdb 4 system', 'RAID1 system', 'encrypted luks', 'volume group system', 'volume var'],
      },
    })
    expect(results.get('refusals')).toMatchObject({
      alone: { sum: firstSum('a partition of another passphrase'), kept: ['vda 5 var', 'encrypted luks'] },
      refused: { code: 'DISK_LOCKED', hint: expect.stringContaining('disks.encryption.passphrase') },
      untouched: true,
      other: { code: 'DISK_LAYOUT', message: expect.stringMatching(/may be in partition var of vda/) },
    })
  },
)

/** Runs `storage-agent` in the place of the agent; what it printed, by the names of its results. */
async function runInInstaller(folder: string): Promise<Map<string, Record<string, unknown>>> {
  const log = (line: string) => console.log(line)
  const agent = resolve(import.meta.dirname, 'storage-agent')
  const { vmlinuz, initrd } = await buildInstaller({ arch: 'amd64', log, agent })
  const qemu = await qemuPackage(log)
  const disks = await Promise.all(
    ['first', 'second'].map(async (serial) => {
      const file = join(folder, serial)
      await writeFile(file, '')
      await truncate(file, 4 * GIB)
      const drive = `if=none,id=${serial},file=${file},format=raw,cache=unsafe,discard=unmap,detect-zeroes=unmap`
      return ['-drive', drive, '-device', `virtio-blk-pci,drive=${serial},serial=${serial}`]
    }),
  )
  const serial = join(folder, 'serial.log')
  const [program = '', ...args] = qemu.command('qemu-system-x86_64')
  const machine = [
    ['-machine', 'q35', ...acceleratorArguments(await accelerator(qemu)), '-smp', '2', '-m', '2048'],
    ['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot', '-device', 'virtio-rng-pci'],
    [
      '-kernel',
      vmlinuz,
      '-initrd',
      initrd,
      '-append',
      'console=ttyS0 quiet landfall.ip=none',
      '-serial',
      `file:${serial}`,
    ],
    ...disks,
  ].flat()
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', program, ...args, ...machine], {
    env: { ...process.env, ...qemu.env },
    stdio: 'inherit',
  })
  await new Promise((ended) => child.once('close', ended))
  const console_ = await readFile(serial, 'utf8')
  const results = [...console_.matchAll(/RESULT (\{.*\})/g)].map(
    ([, json]) => JSON.parse(json!) as Record<string, unknown>,
  )
  if (results.length === 0 || results.some(({ name }) => name === 'error')) throw new Error(console_.slice(-20_000))
  return new Map(results.map((result) => [String(result['name']), result]))
}
