import { expect, it } from 'vitest'
import type { Event } from '../../../server/contract/event.ts'
import { eventMetrics } from '../../../server/observe/event-metrics.ts'
import { createMetrics } from '../../../server/observe/metrics.ts'

it('counts how installs end and how long good ones took', async () => {
  const metrics = createMetrics()
  const listen = eventMetrics(metrics, (id) => (id === 'a' ? 90 : undefined))
  const event = (type: Event['type'], installId: string, data = {}) =>
    listen({ seq: 1, at: '', type, machineId: null, installId, actor: 'machine', message: '', data })
  event('install.failed', 'x', { code: 'DISK_IO' })
  event('install.succeeded', 'a')
  event('install.succeeded', 'unknown')
  event('install.step', 'a')
  const text = await metrics.text()
  expect(text).toContain('landfall_installs_total{outcome="failed",reason="DISK_IO"} 1')
  expect(text).toContain('landfall_installs_total{outcome="succeeded",reason=""} 2')
  expect(text).toContain('landfall_install_seconds_sum 90')
})
