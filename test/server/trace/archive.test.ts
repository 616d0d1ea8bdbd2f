import { describe, expect, it } from 'vitest'
import { CoreError } from '../../../server/core/errors.ts'
import type { Client } from '../../../server/dhcp/client.ts'
import { openStore } from '../../../server/store/store.ts'
import type { StoredTrace, TraceStore } from '../../../server/trace/archive.ts'
import type { DhcpDecision } from '../../../server/trace/entry.ts'
import { pack, unpack } from '../../../server/trace/packing.ts'
import { pxeOptions, selecting } from '../dhcp/messages.ts'
import { CLIENT_ADDRESS, MAC, MadeUpBoot } from './made-up.ts'

function memoryStore(): TraceStore & { rows: Map<string, StoredTrace>; writes: number } {
  const rows = new Map<string, StoredTrace>()
  return {
    rows,
    writes: 0,
    all: () => [...rows.values()].toSorted((a, b) => a.heardAt - b.heardAt),
    replace(traces, forgotten) {
      this.writes++
      for (const one of traces) rows.set(one.client, one)
      for (const client of forgotten) rows.delete(client)
    },
  }
}

function booted(store: TraceStore): MadeUpBoot {
  const boot = new MadeUpBoot({ store })
  boot.dhcp({ options: pxeOptions(7) })
  boot.wait(1).dhcp({ type: 3, options: [...pxeOptions(7), ...selecting(CLIENT_ADDRESS)] })
  return boot.tftp('snponly.efi', {}).http('/boot/loaders/snponly.efi')
}

const mac = (n: number) =>
  `52:54:00:00:${(n >> 8).toString(16).padStart(2, '0')}:${(n & 255).toString(16).padStart(2, '0')}`

describe('stories', () => {
  it.each([
    ['in memory', () => memoryStore()],
    ['in SQLite', () => openStore(':memory:').traces],
  ])('are the same after a restart, packets and all (%s)', (_, create) => {
    const store = create()
    const { trace } = booted(store)
    trace.saveAll()
    const again = new MadeUpBoot({ store }).trace
    expect(again.of([MAC])).toEqual(trace.of([MAC]))
    expect(again.pcap([MAC])).toEqual(trace.pcap([MAC]))
    expect(again.overview().wire.dhcpReceived).toBe(0)
  })

  it('go on where they were', () => {
    const store = memoryStore()
    booted(store).trace.saveAll()
    const boot = new MadeUpBoot({ store, macAt: () => MAC })
    boot.wait(4).script('install', 'assigned')
    expect(boot.trace.of([MAC]).boots).toHaveLength(1)
    expect(boot.text()).toMatch(/DISCOVER[\s\S]*fetched its boot script/)
  })

  it('are saved a few seconds after something new, some at a time, and not again without news', () => {
    const store = memoryStore()
    const boot = new MadeUpBoot({ store })
    for (let n = 0; n < 40; n++) boot.dhcp({ mac: mac(n), options: pxeOptions(7) })
    boot.wait(4).trace.saveSome()
    expect(store.rows.size).toBe(0)
    boot.wait(1).trace.saveSome()
    expect(store.rows.size).toBe(16)
    for (let time = 0; time < 5; time++) boot.trace.saveSome()
    expect(store.rows.size).toBe(40)
    expect(store.writes).toBe(3)
  })

  it('tell how an answer went out that was under way when they were saved', () => {
    const store = memoryStore()
    const boot = new MadeUpBoot({ store })
    const request = {
      method: 'GET',
      path: `/boot/ipxe?mac=${MAC}`,
      status: 200,
      bytes: 9,
      userAgent: 'x',
      address: '10.77.0.9',
    }
    const end = boot.trace.taps.httpRequest(request)
    boot.trace.saveAll()
    boot.wait(1)
    end(true)
    boot.wait(5).trace.saveSome()
    expect(JSON.stringify(new MadeUpBoot({ store }).trace.of([MAC]))).toContain('whole, in 1000 ms')
  })

  it('do not fill the store: whoever is forgotten is forgotten there too', () => {
    const limits = { clientBytes: 4096, totalBytes: 40_960, routineEntries: 4 }
    const store = memoryStore()
    const boot = new MadeUpBoot({ store, limits })
    for (let n = 0; n < 300; n++) {
      boot.dhcp({ mac: mac(n), options: pxeOptions(7) })
      boot.wait(6).trace.saveSome()
    }
    expect(store.rows.size).toBeLessThan(40)
    expect(store.rows.has(mac(299))).toBe(true)
    new MadeUpBoot({ store, limits: { ...limits, totalBytes: 8192 } }).trace.saveAll()
    expect(store.rows.size).toBeLessThan(8)
  })

  it('of another format, or damaged, are dropped', () => {
    const store = memoryStore()
    const entries = pack({ boot: [], routine: [] })
    store.replace([{ client: 'a', format: 0, heardAt: 1, entries }], [])
    store.replace([{ client: 'b', format: 1, heardAt: 1, entries: Buffer.from('nothing') }], [])
    new MadeUpBoot({ store }).trace.saveAll()
    expect([...store.rows.keys()]).toEqual([])
  })

  it('are saved later when the disk was full', () => {
    const store = memoryStore()
    const { trace } = booted(store)
    const { replace } = store
    store.replace = () => {
      throw new CoreError('STORE_FULL', 'full')
    }
    expect(() => trace.saveAll()).toThrow('full')
    store.replace = replace
    trace.saveAll()
    expect([...store.rows.keys()]).toEqual([MAC])
  })
})

it('errors are kept by their message', () => {
  const client: Client = { kind: 'plain', netboot: false, mac: MAC, userClasses: [] }
  const event: DhcpDecision = { type: 'failed', client, error: new Error('disk on fire') }
  const kept = unpack(pack({ boot: [{ kind: 'dhcp-decision', version: 4, at: 1, event }], routine: [] }))
  expect(kept?.boot).toMatchObject([{ event: { error: 'disk on fire' } }])
})
