// Logical volumes on an encrypted disk: passphrase, TPM and recovery key.

import { expect } from 'vitest'
import { begin, deployed, switchOff, text, worldWithDisks } from './disks.ts'
import type { Machine } from './lab/machine.ts'
import { journey } from './lab/scenario.ts'
import { DEMO_DISKS } from './worlds.ts'

const GIB = 2 ** 30

journey(
  'a machine with logical volumes on an encrypted disk, and a TPM',
  (lab) => worldWithDisks(lab, 'sealed', [{ sizeGiB: 8, serial: 'SEALED' }], true),
  (chapter) => {
    const passphrase = 'correct horse battery'

    chapter('asks for the passphrase at its first start, and binds the disk to its TPM', async (world) => {
      const { machine } = world
      await begin(world, DEMO_DISKS, {
        scheme: 'lvm',
        encryption: { passphrase, tpm2: true, recoveryKey: true },
        volumes: [{ mount: '/var', size: 2 * GIB, grow: false }],
      })
      await typePassphrase(machine, passphrase)
      const ssh = await deployed(world)
      expect(await text(ssh, 'cat /proc/cmdline')).not.toContain(passphrase)
      expect(await text(ssh, 'findmnt -no SOURCE /sysroot')).toMatch(/^\/dev\/mapper\/system_[0-9a-f]{8}-root/)
      await ssh.run('while [ -e /etc/landfall-tpm2 ]; do sleep 1; done', { timeout: 300_000 })
      expect(await text(ssh, 'systemd-cryptenroll $(blkid -t TYPE=crypto_LUKS -o device)')).toMatch(/tpm2/)
      await switchOff(machine, ssh)
    })

    chapter('is opened by its TPM at the second, and by the recovery key, which is shown once', async (world) => {
      const { landfall, machine, key } = world
      await machine.powerOn()
      const { address, installId } = await landfall.machine(machine.mac)
      const ssh = machine.ssh(address!, key)
      await ssh.waitUntilReady({ timeout: 900_000 })
      const shown = await landfall.cli('install', 'recovery-key', installId!, '-o', 'json')
      const { key: recovery } = JSON.parse(shown) as { key: string }
      const device = '$(blkid -t TYPE=crypto_LUKS -o device)'
      await ssh.run(`cryptsetup open --test-passphrase ${device}`, { input: recovery, timeout: 300_000 })
      await expect(landfall.cli('install', 'recovery-key', installId!)).rejects.toThrow(/no recovery key/)
      await switchOff(machine, ssh)
    })
  },
)

async function typePassphrase(machine: Machine, passphrase: string): Promise<void> {
  await machine.serial.waitForLine(/enter passphrase for disk/i, { timeout: 1_800_000 })
  machine.writeSerial(`${passphrase}\n`)
}
