// One medium for many machines: what each is to become lies on it, or with a server.

import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'vitest'
import { buildDemoImages } from '../images/demo-image.ts'
import { BOOT, expectStranger, INSTALL, layoutIso, writeJson } from './installation-media.ts'
import { mountPartition, partitions } from './lab/disk.ts'
import { journey, scenario } from './lab/scenario.ts'
import { DEMO_1, landfallWithDemo } from './worlds.ts'

journey(
  'a fleet ISO',
  async (lab) => {
    const demo = await buildDemoImages({ log: console.log })
    const machines = ['1', '2'].map((version) => ({
      name: `fleet-0${version}`,
      // One by serial, one by MAC.
      ...(version === '1' ? { serials: ['LAB-fleet1'] } : { macs: ['52:54:00:f1:ee:02'] }),
      image: `registry.example/landfall/demo:${version}`,
      spec: { hostname: `fleet-0${version}`, finish: 'poweroff' },
    }))
    const file = await writeJson(lab, 'fleet.json', { machines })
    return { demo, iso: await layoutIso(lab, demo, 'fleet', ['--machines', file]) }
  },
  (chapter) => {
    for (const version of ['1', '2'] as const) {
      chapter(`machine ${version} of two gets its own image`, async ({ lab, demo, iso }) => {
        const machine = await lab.machine({
          name: `fleet${version}`,
          ...(version === '1' ? { nic: 'none' as const } : { mac: '52:54:00:f1:ee:02' }),
          bootOrder: ['disk'],
          disks: [{ file: iso, bus: 'cdrom' }, { sizeGiB: 6 }],
        })
        await machine.powerOn()
        await machine.serial.waitForLine(new RegExp(`this medium is for this machine: fleet-0${version}`), BOOT)
        await machine.waitForExit(INSTALL)
        await using root = await mountPartition(machine.diskFile(1), (await partitions(machine.diskFile(1))).length)
        const deployments = join(root.path, 'ostree/deploy/default/deploy')
        const [deployment, origin] = (await readdir(deployments)).toSorted()
        expect(await readFile(join(deployments, origin!), 'utf8')).toContain(
          `registry.example/landfall/demo:${version}`,
        )
        expect(await readFile(join(deployments, deployment!, 'etc/hostname'), 'utf8')).toBe(`fleet-0${version}\n`)
        expect(demo.v1.digest).not.toBe(demo.v2.digest)
      })
    }

    chapter('a machine that it does not name is told so, and left alone', async ({ lab, iso }) => {
      const disks = [{ file: iso, bus: 'cdrom' as const }, { sizeGiB: 6 }]
      const machine = await lab.machine({ name: 'stranger', nic: 'none', bootOrder: ['disk'], disks })
      await expectStranger(machine, 1)
    })
  },
)

scenario('a fleet ISO with a server: a machine nobody knows joins, is assigned an image, and begins', async (lab) => {
  const { landfall } = await landfallWithDemo(lab)
  const made = await landfall.cli('token', 'create', 'sticks', '--role', 'join', '--output', 'json')
  const { secret } = JSON.parse(made) as { secret: string }
  const token = join(lab.workFolder, 'join-token')
  await writeFile(token, secret)
  const iso = join(lab.workFolder, 'server.iso')
  await landfall.cli('iso', 'build', 'fleet', '--server', '--join-token-file', token, '--out', iso)
  const disks = [{ file: iso, bus: 'cdrom' as const }, { sizeGiB: 6 }]
  const machine = await lab.machine({ name: 'joins', bootOrder: ['disk'], disks })
  await machine.powerOn()
  const { id } = await landfall.waitForState(machine.mac, ['discovered', 'ready'])
  await machine.serial.waitForLine(/Waiting for an image to be assigned/, BOOT)
  const installId = await landfall.assign(id, DEMO_1)
  const { plan } = await landfall.waitForProgress(installId, 'fetch')
  expect(plan?.disks[0]?.disk.serial).toBe('joins-disk1')
})
