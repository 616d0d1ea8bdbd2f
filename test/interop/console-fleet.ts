// A datacenter for the console's tests: racks of machines that only talk, images that boot nothing, installs in every state.

import { join } from 'node:path'
import type { InstallTask } from '../../server/contract/agent.ts'
import type { BulkAction, BulkResult } from '../../server/contract/machine-bulk.ts'
import type { Machine, MachinePage, MachineSummary } from '../../server/contract/machine.ts'
import { PretendMachine } from '../helpers/pretend-machine.ts'
import { writeTinyImage } from '../images/tiny-image.ts'
import type { Served } from './serve.ts'

const RACK = 30
/** Requests at a time. */
const AT_ONCE = 8

export interface Fleet {
  machines: PretendMachine[]
  ids: string[]
}

/** Images `os/web:1`, `os/web:2` and `os/db:1`, as far as a machine list can tell. */
export async function importImages(server: Served, folder: string): Promise<void> {
  for (const [name, tag] of [
    ['os/web', '1'],
    ['os/web', '2'],
    ['os/db', '1'],
  ] as const) {
    const layout = join(folder, `${name.replace('/', '-')}-${tag}`)
    await writeTinyImage(layout, { tag, labels: { 'containers.bootc': '1', version: `${name} ${tag}` } })
    const { code, stderr } = await server.cli('image', 'import', layout, '--as', `${name}:${tag}`)
    if (code !== 0) throw new Error(stderr)
  }
}

/** So many machines by racks of thirty; the first ones come from sticks and go on talking, the others are only announced. */
export async function rackMachines(server: Served, count: number, talking: number): Promise<Fleet> {
  const made = await server.send('POST', '/api/v1/tokens', { name: 'sticks', role: 'join' })
  const { secret } = (await made.json()) as { secret: string }
  const pretend = { http: server.http, https: server.https, ca: server.access.ca }
  const machines = Array.from({ length: talking }, (_, index) => new PretendMachine(pretend, index + 1))
  const ids: string[] = []
  const bring = async (index: number): Promise<void> => {
    const rack = `r${String(Math.floor(index / RACK) + 1).padStart(2, '0')}`
    const slot = String((index % RACK) + 1).padStart(2, '0')
    const labels = { site: index < count / 2 ? 'ams' : 'fra', rack, role: index % 3 === 0 ? 'db' : 'web' }
    const name = `${rack}-${slot}`
    const id = await machines[index]?.register(secret)
    const mac = `52:54:00:01:00:${index.toString(16).padStart(2, '0')}`
    const answer =
      id === undefined
        ? await server.send('POST', '/api/v1/machines', { macs: [mac], name, labels })
        : await server.send('PATCH', `/api/v1/machines/${id}`, { name, labels })
    if (!answer.ok) throw new Error(await answer.text())
    ids[index] = ((await answer.json()) as Machine).id
  }
  for (let first = 0; first < count; first += AT_ONCE) {
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, count - first) }, (_, at) => bring(first + at)))
  }
  return { machines, ids }
}

export async function change(server: Served, machines: readonly string[], action: BulkAction): Promise<BulkResult> {
  const answer = await server.send('POST', '/api/v1/machines/bulk', { machines, action })
  if (!answer.ok) throw new Error(await answer.text())
  return (await answer.json()) as BulkResult
}

export async function machinesOf(server: Served, query: string): Promise<MachineSummary[]> {
  return ((await (await server.api('GET', `/api/v1/machines?${query}`)).json()) as MachinePage).items
}

export async function taskOf(machine: PretendMachine): Promise<InstallTask> {
  const task = await machine.task(10)
  if (task.type !== 'install') throw new Error(`${machine.mac} was told to ${task.type}`)
  return task
}
