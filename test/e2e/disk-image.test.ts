// A disk image of the demo image, made by the command, starts under either firmware and is what a netbooted machine would have become.

import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'vitest'
import { expectDeployed } from './deployed.ts'
import { journey } from './lab/scenario.ts'
import type { Ssh } from './lab/ssh.ts'
import { DEMO_1, landfallWithDemo } from './worlds.ts'

const BUILD_TIMEOUT = 25 * 60_000
const HOSTNAME = 'from-an-image'
const PASSWORD_HASH = '$6$salt$hash'

const config = (rootKey: string) => `
[customizations]
hostname = "${HOSTNAME}"

[[customizations.user]]
name = "root"
key = "${rootKey}"

[[customizations.user]]
name = "ada"
password = "${PASSWORD_HASH}"
groups = ["adm"]
uid = 1815
description = "Ada"

[[customizations.group]]
name = "app"
gid = 4711

[customizations.timezone]
timezone = "Europe/Rome"

[customizations.services]
masked = ["fstrim.timer"]

[customizations.kernel]
append = "landfall.image=1"

[[customizations.filesystem]]
mountpoint = "/"
minsize = "3 GiB"

[[customizations.files]]
path = "/etc/issue.d/made.issue"
data = "made by Landfall"

[[customizations.files]]
path = "/usr/local/bin/hello"
data = "#!/bin/sh"
mode = "0755"
group = "app"

[[customizations.directories]]
path = "/etc/app.d"
group = "app"

[customizations.sshd]
password_authentication = false
`

journey(
  'a disk image',
  async (lab) => {
    const world = await landfallWithDemo(lab)
    const key = await lab.sshKey()
    const file = join(lab.workFolder, 'demo.qcow2')
    /** What must differ between machines that began with the same disk. */
    const identities: string[] = []
    return { ...world, key, file, identities }
  },
  (chapter) => {
    chapter(
      'is built from an image of the server, with a configuration of bootc-image-builder',
      async ({ lab, landfall, demo, key, file }) => {
        const configFile = join(lab.workFolder, 'config.toml')
        await writeFile(configFile, config(key.publicLine))
        const what = ['disk-image', 'build', DEMO_1, '--format', 'qcow2', '--size', '6GiB']
        const args = ['-o', 'json', ...what, '--config', configFile, '--file', file]
        const { stdout, stderr } = await landfall.command(args, { timeout: BUILD_TIMEOUT })
        expect(JSON.parse(stdout)).toMatchObject({
          file,
          format: 'qcow2',
          size: 6 * 2 ** 30,
          digest: demo.v1.digest,
          follows: `${lab.address}:8443/${DEMO_1}`,
        })
        const steps = [...stderr.matchAll(/^ *[\d.]+ s {2}(\w+)/gm)].map(([, name]) => name)
        expect(steps.filter((name, at) => name !== steps[at - 1]).join(' ')).toBe(
          'prepare boot identify plan partition fetch deploy configure bootloader finalize reboot convert',
        )
      },
      { timeout: BUILD_TIMEOUT },
    )

    chapter('leaves nothing behind when its build is interrupted', async ({ lab, landfall }) => {
      const folder = join(lab.workFolder, 'interrupted')
      await mkdir(folder)
      const args = ['disk-image', 'build', DEMO_1, '--format', 'raw', '--file', join(folder, 'demo.raw')]
      const build = lab.spawn('interrupted-build', landfall.argv(args))
      await build.log.waitForLine(/ boot +starting a virtual machine/, { timeout: 120_000 })
      expect(await readdir(folder)).toHaveLength(1)
      expect(await build.stop()).toMatchObject({ code: 1 })
      expect(build.log.tail()).toContain('the build was stopped (ABORTED)')
      expect(await readdir(folder)).toEqual([])
    })

    for (const firmware of ['uefi', 'bios'] as const) {
      chapter(`starts in ${firmware === 'uefi' ? 'OVMF' : 'SeaBIOS'} as what it was made of`, async (world) => {
        const { lab, landfall, demo, key, file, identities } = world
        const machine = await lab.machine({ name: firmware, firmware, disks: [{ base: file }], bootOrder: ['disk'] })
        await machine.powerOn()
        const ssh = machine.ssh(await landfall.leaseOf(machine.mac), key)
        await ssh.waitUntilReady()
        await expectDeployed(ssh, { demo, version: '1', registry: `${lab.address}:8443`, hostname: HOSTNAME })
        expect(await says(ssh, 'test -d /sys/firmware/efi && echo uefi || echo bios')).toBe(firmware)
        await expectConfigured(ssh)
        identities.push(await says(ssh, 'cat /etc/machine-id; ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub'))
        await machine.powerOff()
      })
    }

    chapter('gives every machine an identity of its own', async ({ identities }) => {
      const parts = identities.flatMap((text) => text.split('\n'))
      expect(parts).toHaveLength(4)
      expect(new Set(parts).size).toBe(4)
    })
  },
)

async function says(ssh: Ssh, command: string): Promise<string> {
  return (await ssh.run(command)).stdout.trim()
}

async function expectConfigured(ssh: Ssh): Promise<void> {
  expect(await says(ssh, 'getent shadow ada | cut -d: -f2; id -nG ada')).toBe(`${PASSWORD_HASH}\nada adm`)
  expect(await says(ssh, 'getent passwd ada | cut -d: -f3,5')).toBe('1815:Ada')
  expect(await says(ssh, 'readlink /etc/localtime /etc/systemd/system/fstrim.timer')).toBe(
    '../usr/share/zoneinfo/Europe/Rome\n/dev/null',
  )
  expect(await says(ssh, 'getent group app')).toBe('app:x:4711:')
  expect(await says(ssh, 'cat /proc/cmdline')).toContain('landfall.image=1')
  expect(await says(ssh, 'cat /etc/issue.d/made.issue')).toBe('made by Landfall')
  expect(await says(ssh, 'stat -c "%A %U %G" /usr/local/bin/hello /etc/app.d')).toBe(
    '-rwxr-xr-x root app\ndrwxr-xr-x root app',
  )
  expect(await says(ssh, '/usr/sbin/sshd -T | tr A-Z a-z | grep ^passwordauthentication')).toBe(
    'passwordauthentication no',
  )
}
