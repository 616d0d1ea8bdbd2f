import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { MAC, testCore } from '../../helpers/store-fakes.ts'

const Acknowledged = z.object({ n: z.number(), id: z.string(), mac: z.string(), token: z.string(), seq: z.number() })

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'landfall-store-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

/** Runs the writer and kills it without warning after `count` acknowledged writes. */
async function writeAndKill(file: string, count: number): Promise<z.infer<typeof Acknowledged>[]> {
  const child = spawn(process.execPath, [fileURLToPath(import.meta.resolve('./writer.ts')), file], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const lines: string[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line)
    if (lines.length === count) child.kill('SIGKILL')
  }
  return lines.map((line) => Acknowledged.parse(JSON.parse(line)))
}

describe('after SIGKILL', () => {
  it('everything that was acknowledged is there, and nothing by halves', { timeout: 60_000 }, async () => {
    const file = join(folder, 'landfall.db')
    const written = await writeAndKill(file, 60)
    expect(written.length).toBeGreaterThanOrEqual(60)

    const core = testCore({ file })
    const leases = new Set(core.store.leases.all().map(({ address }) => address))
    for (const { n, id, mac } of written) {
      expect(core.inventory.find({ mac })?.id).toBe(id)
      expect(leases.has(`10.0.${n >> 8}.${n & 255}`)).toBe(true)
    }
    expect(core.events.last()).toBeGreaterThanOrEqual(written.at(-1)!.seq)
    // Machine, identity and event are one step: there is never one without the others.
    const machines = core.inventory.list()
    expect(machines.every(({ macs }) => macs.length === 1)).toBe(true)
    expect(core.events.since(0, { limit: 100_000 }).map(({ machineId }) => machineId)).toEqual(
      machines.map(({ id }) => id),
    )
    core.store.close()
  })

  it('an install goes on where it was: session, event numbers and waiting machines', async () => {
    const file = join(folder, 'landfall.db')
    const before = testCore({ file })
    const { id } = before.inventory.discover({ mac: MAC })
    await before.installs.assign({ machines: [id], image: 'os/web:stable' }, 'token:ann')
    const bootId = '11111111-1111-4111-8111-111111111111'
    const secret = before.tokens.openAgentSession({ machineId: id, bootId })
    const task = await before.installs.nextTask(before.installs.authenticateSession(secret), 0)
    if (task.type !== 'install') throw new Error(task.type)
    const at = '2026-01-31T12:00:00.000Z'
    const event = (seq: number) => ({
      seq,
      at,
      event: { type: 'log' as const, level: 'info' as const, text: `line ${seq}` },
    })
    before.installs.recordEvents({ machineId: id, bootId }, task.installId, { events: [event(1), event(2)] })
    before.store.close()

    const after = testCore({ file })
    const session = after.installs.authenticateSession(secret)
    expect(session).toEqual({ machineId: id, bootId })
    // The agent sends again what it has no answer for.
    const answer = after.installs.recordEvents(session, task.installId, { events: [event(2), event(3)] })
    expect(answer).toEqual({ acknowledged: 3, cancelled: false })
    expect(after.installs.log(task.installId).map(({ text }) => text)).toEqual(['line 1', 'line 2', 'line 3'])
    expect(await after.installs.nextTask(session, 0)).toMatchObject({ installId: task.installId, nextEvent: 4 })
    after.installs.confirm(task.confirmToken, { installId: task.installId, digest: task.image.digest })
    expect(after.inventory.get(id).state).toBe('deployed')
    after.store.close()
  })
})
