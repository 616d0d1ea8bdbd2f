import { describe, expect, it } from 'vitest'
import type { Client } from '../../../server/dhcp/client.ts'
import { dhcpReport } from '../../../server/dhcp/report.ts'
import { createMetrics } from '../../../server/observe/metrics.ts'
import { testCore } from '../../helpers/store-fakes.ts'
import { capturedLog } from '../../helpers/captured-log.ts'

const MAC = '52:54:00:12:34:56'
const client: Client = { kind: 'pxe', netboot: true, mac: MAC, userClasses: [] }
const boot = { file: 'snponly.efi', kind: 'loader' } as const

function report() {
  const core = testCore()
  const { logger, lines } = capturedLog()
  const metrics = createMetrics()
  const { events, inventory } = core
  const tell = dhcpReport({ logger, metrics, events, inventory })
  return { ...core, tell, lines, metrics, told: () => events.since(0).map(({ type, machineId }) => [type, machineId]) }
}

describe('the history', () => {
  it('of a known machine tells what it was told to boot', () => {
    const { inventory, tell, events } = report()
    const { id } = inventory.discover({ mac: MAC })
    const before = events.last()
    tell({ type: 'ack', client, address: '10.77.0.100', leaseSeconds: 3600, boot })
    expect(events.since(before)).toMatchObject([
      { type: 'boot.dhcp', machineId: id, message: `${MAC} (pxe) was told to fetch snponly.efi` },
    ])
  })

  it('does not grow by what strangers ask', () => {
    const { tell, told } = report()
    for (let n = 0; n < 100; n++) {
      tell({ type: 'received', message: 'discover', client: { ...client, mac: `52:54:00:00:00:${n}` } })
      tell({ type: 'ack', client, address: '10.77.0.100', leaseSeconds: 3600, boot })
      tell({ type: 'malformed', reason: 'too-short', from: { address: '10.77.0.9', port: 68 }, bytes: 3 })
    }
    expect(told()).toEqual([])
  })

  it('does not grow without end by servers that somebody makes up', () => {
    const { tell, told } = report()
    for (let n = 0; n < 5000; n++) tell({ type: 'foreign-server', server: `10.77.${n >> 8}.${n & 255}`, client })
    expect(told()).toHaveLength(200)
  })

  it.each([
    ['boot.refused', { type: 'refused', client, reason: 'no loader' }],
    ['boot.loop', { type: 'boot-loop', client, loaders: 5 }],
    ['dhcp.pool-exhausted', { type: 'pool-exhausted', client, subnet: '10.77.0.0/24' }],
    ['dhcp.foreign-server', { type: 'foreign-server', server: '10.77.0.254', client }],
    ['dhcp.mode', { type: 'mode-changed', interface: 'eth1', mode: 'proxy', server: '10.77.0.2' }],
    ['dhcp.port-busy', { type: 'port-busy', interface: 'eth1', error: new Error('port taken') }],
    ['dhcp.declined', { type: 'decline', client, address: '10.77.0.100', quarantineUntil: 0 }],
  ] as const)('has %s once, however often it happens', (type, event) => {
    const { tell, told } = report()
    tell(event)
    tell(event)
    expect(told()).toEqual([[type, null]])
  })
})

describe('the log', () => {
  it('tells who, and what is wrong, by importance', () => {
    const { tell, lines } = report()
    tell({ type: 'failed', client, error: new Error('disk full') })
    expect(lines()).toMatchObject([
      { level: 'error', part: 'dhcp', mac: MAC, err: { message: 'disk full' }, msg: 'failed' },
    ])
  })
})

describe('the metrics', () => {
  it('count messages by what became of them', async () => {
    const { tell, metrics } = report()
    tell({ type: 'received', message: 'discover', client })
    tell({ type: 'offer', client, address: '10.77.0.100' })
    tell({ type: 'listening', sockets: [], address: '10.77.0.1', interface: 'eth1' })
    const text = await metrics.text()
    expect(text).toContain('landfall_dhcp_messages_total{type="discover",outcome="received"} 1')
    expect(text).toContain('landfall_dhcp_messages_total{type="reply",outcome="offer"} 1')
    expect(text).not.toContain('listening')
  })
})
