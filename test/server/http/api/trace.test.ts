import { describe, expect, it } from 'vitest'
import { Trace, TraceOverview } from '../../../../server/contract/trace.ts'
import { encodePacket } from '../../../../server/dhcp/packet.ts'
import { MAC, message, pxeOptions } from '../../dhcp/messages.ts'
import { problemOf, testServer } from '../support.ts'
import type { TestServer } from '../support.ts'

/** A DISCOVER that nobody answers. */
function hear({ trace, clock }: TestServer, mac = MAC): void {
  trace.taps.dhcpDatagram({
    at: clock.now().getTime(),
    direction: 'in',
    interface: 'lan0',
    local: '10.77.0.1',
    from: { address: '0.0.0.0', port: 68 },
    to: { address: '255.255.255.255', port: 67 },
    bytes: encodePacket(message({ mac, options: pxeOptions(7) })),
  })
}

describe('the trace', () => {
  it('of a machine is the story of all its network cards', async () => {
    const server = await testServer()
    const { id } = server.inventory.create({ macs: [MAC, '52:54:00:00:00:02'] }, 'system')
    hear(server)
    hear(server, '52:54:00:00:00:02')
    const story = Trace.parse(await (await server.call('GET', `/api/v1/machines/${id}/trace`, { as: 'viewer' })).json())
    expect(story.boots).toMatchObject([{ steps: [{ count: 2 }], verdict: { code: 'IN_PROGRESS' } }])
    const pcap = await server.call('GET', `/api/v1/machines/${id}/trace.pcap`, { as: 'operator' })
    expect(pcap.headers.get('content-type')).toBe('application/vnd.tcpdump.pcap')
    expect(pcap.headers.get('content-disposition')).toBe(`attachment; filename="boot-${id}.pcap"`)
    expect((await pcap.arrayBuffer()).byteLength).toBeGreaterThan(500)
  })

  it('of a machine that was not heard is empty', async () => {
    const { call, inventory } = await testServer()
    const { id } = inventory.create({ macs: [MAC] }, 'system')
    expect(await (await call('GET', `/api/v1/machines/${id}/trace`)).json()).toEqual({ clients: [MAC], boots: [] })
  })

  it('lists strangers, tells their story, and gives their packets', async () => {
    const server = await testServer()
    hear(server)
    const overview = TraceOverview.parse(await (await server.call('GET', '/api/v1/trace', { as: 'viewer' })).json())
    expect(overview).toMatchObject({ wire: { dhcpReceived: 1 }, clients: [{ client: MAC }] })
    for (const spelling of [MAC, MAC.toUpperCase(), MAC.replaceAll(':', '-')]) {
      const story = await server.call('GET', `/api/v1/trace/${spelling}`)
      expect(Trace.parse(await story.json()).boots).toHaveLength(1)
    }
    expect((await server.call('GET', `/api/v1/trace/${MAC}/trace.pcap`)).status).toBe(200)
    server.inventory.create({ macs: [MAC] }, 'system')
    expect(await (await server.call('GET', '/api/v1/trace')).json()).toMatchObject({ clients: [] })
  })

  it('refuses who was not heard, and what is nobody', async () => {
    const { call } = await testServer()
    expect(await problemOf(call('GET', `/api/v1/trace/${MAC}`))).toMatchObject({
      status: 404,
      code: 'CLIENT_NOT_HEARD',
    })
    expect(await problemOf(call('GET', '/api/v1/trace/..%2fx'))).toMatchObject({ status: 400, code: 'VALIDATION' })
    const nobody = '/api/v1/machines/01890000-0000-7000-8000-000000000001'
    expect(await problemOf(call('GET', `${nobody}/trace`))).toMatchObject({ status: 404, code: 'MACHINE_NOT_FOUND' })
  })
})
