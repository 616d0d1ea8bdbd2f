// The life of a machine: a stranger on the network, an image chosen in the browser, a server that dies, reboots, an update.

import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import { expectDeployed } from './deployed.ts'
import { assignInBrowser } from './web-page.ts'
import { openBrowser } from './lab/browser.ts'
import { journey } from './lab/scenario.ts'
import { DEMO_1, DEMO_2, landfallWithDemo, sshInto } from './worlds.ts'

journey(
  'a UEFI machine',
  async (lab) => {
    const world = await landfallWithDemo(lab)
    const machine = await lab.machine({ name: 'uefi', disks: [{ sizeGiB: 6 }] })
    return { ...world, machine, key: await lab.sshKey() }
  },
  (chapter) => {
    chapter("UEFI PXE: a stranger netboots by its firmware's own PXE and shows up as discovered", async (world) => {
      const { landfall, machine } = world
      await machine.powerOn()
      const { id } = await landfall.waitForState(machine.mac, 'discovered')
      const known = await landfall.until('it has told its facts', async () => {
        const { facts } = await landfall.machine(machine.mac)
        return facts ?? 'nothing yet'
      })
      expect(known).toMatchObject({ firmware: 'uefi', secureBoot: false, smbios: { serial: 'LAB-uefi' } })
      expect(known.disks.map(({ serial, blocked }) => [serial, blocked])).toEqual([['uefi-disk0', undefined]])
      const story = (await landfall.events(id)).map(({ type, data }) => [type, data['decision']])
      expect(story).toContainEqual(['boot.script', 'discover'])
      await machine.serial.waitForLine(/waiting/i)
    })

    chapter('discovered, then assigned by a click in Chromium: starts within 5 s, without a reboot', async (world) => {
      const { lab, landfall, machine, key } = world
      await using browser = await openBrowser({ artefacts: lab.artefacts })
      await browser.page.goto(landfall.loginLink)
      await assignInBrowser(browser, {
        machine: machine.mac,
        image: DEMO_1,
        hostname: 'web-01',
        sshKey: key.publicLine,
      })
      const { installId } = await landfall.waitForState(machine.mac, 'installing', { timeout: 60_000 })
      const { createdAt, startedAt } = await landfall.install(installId!)
      expect(Date.parse(startedAt!) - Date.parse(createdAt)).toBeLessThan(5000)
      await landfall.waitForProgress(installId!, 'fetch')
      await browser.screenshot('installing')
      expect(machine.serial.matching(/Landfall agent \d/)).toHaveLength(1)
    })

    chapter('a server killed in the middle of the install and restarted: the same install ends well', async (world) => {
      const { landfall, machine, demo } = world
      const { installId, id } = await landfall.machine(machine.mac)
      await landfall.waitForProgress(installId!, 'fetch', 0.3)
      await landfall.process.kill()
      await sleep(5000)
      await landfall.restart()
      const deployed = await landfall.waitForState(machine.mac, 'deployed')
      expect(deployed).toMatchObject({ id, installId, generation: 1, runningDigest: demo.v1.digest })
      expect(await landfall.install(installId!)).toMatchObject({ state: 'succeeded', confirmedDigest: demo.v1.digest })
      // The agent lived through it: nothing was begun a second time.
      expect(machine.serial.matching(/== fetch: streaming/)).toHaveLength(1)
    })

    chapter('the deployed machine holds what the checklist says', async (world) => {
      const { lab, landfall, machine, key, demo } = world
      const ssh = await sshInto({ landfall, machine, key })
      await expectDeployed(ssh, { demo, version: '1', registry: `${lab.address}:8443`, hostname: 'web-01' })
      // UEFI variables hold text as UTF-16.
      const entries = await ssh.run(`cat /sys/firmware/efi/efivars/Boot0* | tr -d '\\000'`)
      expect(entries.stdout).toMatch(/\\EFI\\debian\\shimx64\.efi/i)
    })

    chapter('a deployed machine that netboots again is told to boot its disk', async (world) => {
      const { landfall, machine, key } = world
      const before = await landfall.machine(machine.mac)
      const askBootId = async () => {
        const { stdout } = await machine.ssh(before.address!, key).run('cat /proc/sys/kernel/random/boot_id')
        return stdout
      }
      const bootId = await askBootId()
      const newest = (await landfall.events(before.id)).reduce((seq, event) => Math.max(seq, event.seq), 0)
      await machine.reset()
      const { data } = await landfall.until('it has asked again', async () => {
        const events = await landfall.events(before.id)
        return events.find(({ type, seq }) => type === 'boot.script' && seq > newest) ?? 'not yet'
      })
      expect(data['decision']).toBe('local')
      await landfall.until('it is up again', async () => {
        const now = await askBootId()
        return now === bootId ? 'the same boot' : { now }
      })
      const after = await landfall.machine(machine.mac)
      expect(after).toMatchObject({
        state: 'deployed',
        installId: before.installId,
        runningDigest: before.runningDigest,
      })
    })

    chapter('version 2 of the image is a new generation', async (world) => {
      const { lab, landfall, machine, key, demo } = world
      const { id, address, installId: first } = await landfall.machine(machine.mac)
      const installId = await landfall.assign(id, DEMO_2)
      await machine.ssh(address!, key).run('systemctl reboot')
      const deployed = await landfall.waitForState(machine.mac, 'deployed')
      expect(installId).not.toBe(first)
      expect(deployed).toMatchObject({ generation: 2, installId, runningDigest: demo.v2.digest })
      const ssh = machine.ssh(deployed.address!, key)
      await ssh.waitUntilReady()
      await expectDeployed(ssh, { demo, version: '2', registry: `${lab.address}:8443`, hostname: 'web-01' })
    })
  },
)
