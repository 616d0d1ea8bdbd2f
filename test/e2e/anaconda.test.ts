// A machine that netboots a boot medium: its kernel starts with the arguments that Anaconda needs.

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'vitest'
import { buildBootAssets } from '../../boot-assets/build.ts'
import { writeBootIso } from '../media/synthetic-boot-iso.ts'
import { scenario } from './lab/scenario.ts'
import { DEMO_1, landfallWithDemo } from './worlds.ts'

scenario('Anaconda by UEFI PXE: a boot medium of the right structure netboots with its kickstart', async (lab) => {
  const { landfall } = await landfallWithDemo(lab)
  const { installer } = await buildBootAssets({ log: console.log })
  const iso = join(lab.workFolder, 'boot.iso')
  await writeBootIso(iso, {
    product: 'Fedora',
    version: '44',
    files: { 'images/pxeboot/vmlinuz': await readFile(installer.vmlinuz), 'images/pxeboot/initrd.img': 'no initramfs' },
  })
  const [medium] = JSON.parse(await landfall.cli('media', 'import', iso, '--output', 'json')) as { id: string }[]
  const machine = await lab.machine({ name: 'anaconda' })
  const id = await landfall.addMachine(machine.mac, 'anaconda')
  await landfall.assign(id, DEMO_1, { installer: 'anaconda', media: medium!.id, consoles: ['ttyS0,115200'] })
  await machine.powerOn()

  const [line] = await machine.serial.waitForLine(/Command line: .*inst\.ks=.*BOOTIF=[-0-9a-f]{20}/)
  const http = `http://${lab.address}:8080`
  const tree = `${http}/media/${medium!.id}`
  expect(line).toContain(` inst.stage2=${tree} inst.ks=${http}/i/lfi_`)
  expect(line).toContain(' inst.ks.sendmac inst.ks.sendsn inst.cmdline inst.nosave=all_ks ip=dhcp ')
  expect(line).toContain(`BOOTIF=01-${machine.mac.replaceAll(':', '-')}`)
  expect((await landfall.machine(machine.mac)).state).toBe('booting')

  const [, url] = / inst\.ks=(\S+)/.exec(line)!
  const kickstart = await lab.fetchInside(url!)
  expect(await kickstart.text()).toMatch(/^ostreecontainer --url=\S+ --transport=registry /m)
})
