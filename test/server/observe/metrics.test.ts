import { describe, expect, it } from 'vitest'
import { createMetrics } from '../../../server/observe/metrics.ts'

describe('createMetrics', () => {
  it('shows counters and asks for gauges at each scrape', async () => {
    let machines: Record<string, number> = { discovered: 2 }
    const metrics = createMetrics({
      machinesByState: () => machines,
      silentMachines: () => 4,
      eventStreams: () => 3,
      version: '1.2.3',
    })
    metrics.dhcpMessages.inc({ type: 'DISCOVER', outcome: 'offered' })
    metrics.tftpBytes.inc(512)
    const first = await metrics.text()
    expect(first).toContain('landfall_dhcp_messages_total{type="DISCOVER",outcome="offered"} 1')
    expect(first).toContain('landfall_tftp_sent_bytes_total 512')
    expect(first).toContain('landfall_machines{state="discovered"} 2')
    expect(first).toContain('landfall_machines_silent 4')
    expect(first).toContain('landfall_event_streams 3')
    expect(first).toContain('landfall_build_info{version="1.2.3"} 1')
    expect(first).toContain('process_resident_memory_bytes')

    machines = { deployed: 2 }
    const second = await metrics.text()
    expect(second).toContain('landfall_machines{state="deployed"} 2')
    expect(second).not.toContain('landfall_machines{state="discovered"}')
  })

  it('keeps the counts of two servers apart', async () => {
    const [a, b] = [createMetrics(), createMetrics()]
    a.tftpBytes.inc(7)
    expect(await b.text()).toContain('landfall_tftp_sent_bytes_total 0')
  })
})
