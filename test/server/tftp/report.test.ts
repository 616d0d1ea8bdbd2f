import { describe, expect, it } from 'vitest'
import { createMetrics } from '../../../server/observe/metrics.ts'
import { tftpReport } from '../../../server/tftp/report.ts'
import type { TftpEvent } from '../../../server/tftp/server.ts'
import { testCore } from '../../helpers/store-fakes.ts'
import { capturedLog } from '../../helpers/captured-log.ts'

const remote = { address: '10.77.0.100', port: 1234 }
const done: TftpEvent = {
  type: 'transfer',
  remote,
  file: 'snponly.efi',
  size: 1000,
  bytes: 1000,
  blksize: 512,
  windowsize: 1,
  ms: 5,
  resends: 0,
  outcome: 'completed',
}

function report({ known }: { known: boolean }) {
  const { inventory, events } = testCore()
  const { id } = inventory.discover({ mac: '52:54:00:12:34:56' })
  const { logger, lines } = capturedLog()
  const metrics = createMetrics()
  const start = events.last()
  const tell = tftpReport({ logger, metrics, events, machineAt: () => (known ? id : undefined) })
  return { tell, lines, metrics, told: () => events.since(start).map(({ message }) => message) }
}

describe('a transfer', () => {
  it('becomes part of the history of a known machine', () => {
    const { tell, told } = report({ known: true })
    tell(done)
    expect(told()).toEqual(['snponly.efi by TFTP: completed, 1000 bytes in 5 ms'])
  })

  it.each([
    ['of a stranger', { known: false }, done],
    ['that only asked for the size', { known: true }, { ...done, outcome: 'probed', bytes: 0 }],
  ] as const)('%s is no news', (_, who, event) => {
    const { tell, told } = report(who)
    tell(event)
    expect(told()).toEqual([])
  })

  it('that timed out is a warning, in the log and in the history', () => {
    const { tell, told, lines } = report({ known: true })
    tell({ ...done, outcome: 'timed-out', bytes: 512 })
    expect(told()).toHaveLength(1)
    expect(lines()).toMatchObject([{ level: 'warn', part: 'tftp', file: 'snponly.efi' }])
  })

  it('statement 57: that is none, because there is no such file, is no warning', () => {
    const { tell, told, lines } = report({ known: true })
    tell({ type: 'refused', remote, file: 'revocations_sbat.efi', reason: 'not-found' })
    expect(told()).toEqual([])
    expect(lines().filter(({ level }) => level !== 'debug')).toEqual([])
  })

  it('is counted', async () => {
    const { tell, metrics } = report({ known: false })
    tell(done)
    tell({ type: 'refused', remote, file: 'nothing', reason: 'not-found' })
    const text = await metrics.text()
    expect(text).toContain('landfall_tftp_transfers_total{outcome="completed"} 1')
    expect(text).toContain('landfall_tftp_transfers_total{outcome="not-found"} 1')
    expect(text).toContain('landfall_tftp_sent_bytes_total 1000')
  })
})
