// Installs that must not happen: a disk that is not certain, bytes that are not the image's.

import { open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { ReasonCode } from '../../server/contract/install.ts'
import type { PartialSpec } from '../../server/contract/spec.ts'
import { blobPath } from '../images/layout.ts'
import { corruptFile } from '../images/tampered.ts'
import { openBrowser } from './lab/browser.ts'
import type { Landfall } from './lab/landfall.ts'
import type { Machine } from './lab/machine.ts'
import { journey } from './lab/scenario.ts'
import { machineInBrowser } from './web-page.ts'
import { DEMO_1, landfallWithDemo } from './worlds.ts'

const MIB = 1024 * 1024

journey(
  'a machine with two disks',
  async (lab) => {
    const disks = [
      { sizeGiB: 6, serial: 'FIRST' },
      { sizeGiB: 6, serial: 'SECOND' },
    ]
    return { ...(await landfallWithDemo(lab)), machine: await lab.machine({ name: 'two', disks }) }
  },
  (chapter) => {
    chapter(
      'a selector that matches two disks refuses before any write, naming both',
      async ({ landfall, machine }) => {
        await machine.powerOn()
        const { id } = await landfall.waitForState(machine.mac, 'discovered')
        const message = await refusal(landfall, id, 'DISK_SEVERAL_MATCH', { disks: { disk: {} } })
        expect(message).toMatch(/FIRST[^]*SECOND/)
        await expectUntouched(machine)
      },
    )

    chapter('a selector that matches no disk refuses before any write, naming those there are', async (world) => {
      const { landfall, machine } = world
      const { id } = await landfall.machine(machine.mac)
      const message = await refusal(landfall, id, 'DISK_NONE_MATCHES', { disks: { disk: { serial: 'THIRD' } } })
      expect(message).toMatch(/FIRST[^]*SECOND/)
      await expectUntouched(machine)
    })

    chapter(
      "a layer that does not match its digest stops the install; the disk can't boot; the page says why",
      async (world) => {
        const { lab, landfall, machine, demo } = world
        const { id } = await landfall.machine(machine.mac)
        await corruptLayer(landfall, demo.layout, demo.v1.digest)
        await refusal(landfall, id, 'DIGEST_MISMATCH', { disks: { disk: { serial: 'SECOND' } } })

        await using browser = await openBrowser({ artefacts: lab.artefacts })
        await browser.page.goto(landfall.loginLink)
        const page = await machineInBrowser(browser, machine.mac)
        await page.getByText('DIGEST_MISMATCH').first().waitFor()
        await browser.screenshot('digest-mismatch')

        await machine.powerOff()
        const disks = [{ file: machine.diskFile(0) }, { file: machine.diskFile(1) }]
        const again = await lab.machine({ name: 'again', disks, bootOrder: ['disk'] })
        await again.powerOn()
        await again.serial.waitForLine(/No bootable option|BdsDxe: failed to (load|start)|UEFI Interactive Shell/i)
        expect(again.serial.matching(/GRUB|Linux version/)).toEqual([])
      },
    )
  },
)

/** Assigns the demo image, and resolves with the message once the install has failed for this reason. */
async function refusal(landfall: Landfall, id: string, code: ReasonCode, spec: PartialSpec): Promise<string> {
  const installId = await landfall.assign(id, DEMO_1, spec)
  const { failure } = await landfall.until('the install has ended', async () => {
    const install = await landfall.install(installId)
    return install.state === 'failed' || install.state === 'succeeded' ? install : `it is ${install.state}`
  })
  expect(failure?.code).toBe(code)
  return failure!.message
}

/** Nothing was ever written to these new disks if their first and last MiB are zeros: a partition table has both. */
async function expectUntouched(machine: Machine): Promise<void> {
  for (const at of [0, 1]) {
    const file = await open(machine.diskFile(at))
    try {
      const { size, blocks } = await file.stat()
      for (const start of [0, size - MIB]) {
        const { buffer } = await file.read(Buffer.alloc(MIB), 0, MIB, start)
        expect(buffer.every((byte) => byte === 0)).toBe(true)
      }
      expect(blocks).toBe(0)
    } finally {
      await file.close()
    }
  }
}

/** Changes a byte in the largest layer of an image in the server's store, as a dying disk does. */
async function corruptLayer({ dataDir }: Landfall, layout: string, digest: string): Promise<void> {
  const manifest = JSON.parse(await readFile(blobPath(layout, digest), 'utf8')) as {
    layers: { digest: string; size: number }[]
  }
  const largest = manifest.layers.toSorted((a, b) => b.size - a.size)[0]!
  const hex = largest.digest.slice('sha256:'.length)
  await corruptFile(join(dataDir, 'oci/blobs/sha256', hex.slice(0, 2), hex))
}
