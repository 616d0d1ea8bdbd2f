// The largest image on the smallest machine: 10 GiB of files through 2 GiB of memory, and each of them checked where it arrived.

import { join } from 'node:path'
import { expect } from 'vitest'
import { DEMO_REPOSITORY } from '../images/demo-image.ts'
import { addLargeLayers, LARGE_FOLDER, unpackedSize } from '../images/large-layer.ts'
import { copyLayout } from '../images/layout.ts'
import { expectReadOnly } from './deployed.ts'
import { journey } from './lab/scenario.ts'
import { landfallWithDemo, sshInto } from './worlds.ts'

const GIB = 1024 ** 3
const MINUTE = 60_000
const RSS_LIMIT = 300e6
/** Of the time that the install takes, at most this part may go by with everything waiting for memory. */
const STALLED_PART = 0.25

/** As many layers as the agent takes at once and more; most files are small, most bytes are in large ones. */
const CONTENT = Array.from({ length: 8 }, () => ({ bytes: 1.2 * GIB, smallFiles: 7500 }))

journey(
  'a machine with 2 GiB of memory and an image of 10 GiB',
  async (lab) => {
    const world = await landfallWithDemo(lab)
    const layout = join(lab.workFolder, 'large')
    await copyLayout(world.demo.layout, layout)
    const image = await addLargeLayers(layout, '1', 'large', CONTENT)
    await world.landfall.importImages(layout, DEMO_REPOSITORY)
    const machine = await lab.machine({ name: 'small', memoryMiB: 2048, disks: [{ sizeGiB: 20, bus: 'nvme' }] })
    return { ...world, image, machine, key: await lab.sshKey() }
  },
  (chapter) => {
    chapter(
      'is installed within 300 MB of the agent, with nothing killed and memory at hand',
      async ({ landfall, machine, key, image }) => {
        const id = await landfall.addMachine(machine.mac, 'small-01')
        const spec = { hostname: 'small-01', rootSshKeys: [key.publicLine] }
        const installId = await landfall.assign(id, `${DEMO_REPOSITORY}:large`, spec)
        await machine.powerOn()
        const deployed = await landfall.waitForState(machine.mac, 'deployed', { timeout: 100 * MINUTE })
        expect(deployed.runningDigest).toBe(image.digest)

        const { agentPeakRss, startedAt, steps } = await landfall.install(installId)
        expect(agentPeakRss).toBeLessThanOrEqual(RSS_LIMIT)
        expect(machine.serial.matching(/out of memory|oom-kill|invoked oom/i)).toEqual([])
        const [said = ''] = machine.serial.matching(/for memory: everything waited/)
        const stalled = Number(/everything waited ([\d.]+) s/.exec(said)?.[1])
        const left = steps.find(({ name }) => name === 'reboot')!.startedAt!
        const seconds = (Date.parse(left) - Date.parse(startedAt!)) / 1000
        const times = steps.map(
          ({ name, startedAt: from, endedAt: to }) => `${name} ${(Date.parse(to!) - Date.parse(from!)) / 1000} s`,
        )
        console.log(`agent's peak RSS: ${(agentPeakRss! / 1e6).toFixed(0)} MB; ${said}; ${times.join(', ')}`)
        expect(stalled).toBeLessThan(STALLED_PART * seconds)
      },
      { timeout: 110 * MINUTE },
    )

    chapter(
      'has every file as the image has it',
      async ({ landfall, machine, key, image }) => {
        const ssh = await sshInto({ landfall, machine, key })
        await expectReadOnly(ssh)
        const files = `find ${LARGE_FOLDER} -type f`
        const size = await ssh.run(`cd / && ${files} -printf '%s\\n' | awk '{ all += $1 } END { printf "%.0f", all }'`)
        expect(Number(size.stdout)).toBe(CONTENT.map(unpackedSize).reduce((sum, one) => sum + one, 0))
        const sums = `cd / && ${files} -print0 | xargs -0 -n 256 -P 2 sha256sum | LC_ALL=C sort -k 2 | sha256sum`
        const { stdout } = await ssh.run(sums, { timeout: 60 * MINUTE })
        expect(stdout.slice(0, 64)).toBe(image.sums)
      },
      { timeout: 70 * MINUTE },
    )
  },
)
