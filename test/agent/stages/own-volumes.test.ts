import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { withVolumes } from '../../../boot-assets/agent/stages/own-volumes.ts'
import type { Host } from '../../../boot-assets/agent/sys/host.ts'
import type { StoragePlan } from '../../../server/contract/plan.ts'

let state: string
beforeEach(async () => {
  state = join(await mkdtemp(join(tmpdir(), 'own-volumes-')), 'var')
})
afterEach(() => rm(join(state, '..'), { recursive: true }))

const at = (...mountPoints: string[]) => ({ mounts: mountPoints.map((mountPoint) => ({ mountPoint })) })
const plan = { filesystems: [at('/'), at('/boot'), at('/var/log'), at('/var')] } as unknown as StoragePlan

function scene() {
  const ran: string[] = []
  const host = { run: async (command: string, args: readonly string[]) => void ran.push([command, ...args].join(' ')) }
  return { ran, host: host as unknown as Host }
}

it('shows the volumes of the machine while something is written to its /var, parents first', async () => {
  const { ran, host } = scene()
  const done = await withVolumes(host, { plan, volumes: '/volumes' }, state, async () => ran.push('work'))
  expect(done).toBe(3)
  expect(ran).toEqual([
    `mount --bind /volumes/var ${state}`,
    `mount --bind /volumes/var/log ${state}/log`,
    'work',
    `umount ${state}/log`,
    `umount ${state}`,
  ])
})

it('hides them again when the work fails', async () => {
  const { ran, host } = scene()
  const failing = withVolumes(host, { plan, volumes: '/volumes' }, state, () => Promise.reject(new Error('no')))
  await expect(failing).rejects.toThrow('no')
  expect(ran.at(-1)).toBe(`umount ${state}`)
})
