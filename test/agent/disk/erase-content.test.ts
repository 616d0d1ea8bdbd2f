import { describe, expect, it } from 'vitest'
import { eraseContent } from '../../../boot-assets/agent/disk/erase-content.ts'
import { sanitizeNvme } from '../../../boot-assets/agent/disk/erase-nvme.ts'
import type { Host } from '../../../boot-assets/agent/sys/host.ts'
import type { EraseEnd, EraseMethod } from '../../../server/contract/erase.ts'
import { disk } from '../examples.ts'
import { ATA_FRESH, ATA_LOCKED, sanitizeLog } from '../facts/erasure-outputs.ts'

const GIB = 2 ** 30
const SIZE = 3 * GIB

type Answer = string | Error | (() => string | Error)

/** Runs of programs by the beginning of their command line; the last answer of each is given again. Others succeed, silently. */
function scene(erase: readonly EraseMethod[], answers: Record<string, Answer[]> = {}) {
  const ran: string[] = []
  const said: string[] = []
  const reports: EraseEnd[] = []
  const cancel = new AbortController()
  const host = {
    run: async (command: string, args: readonly string[] = []) => {
      const line = [command, ...args].join(' ')
      ran.push(line)
      const [, left] = Object.entries(answers).find(([start]) => line.startsWith(start)) ?? []
      const answer = left && (left.length > 1 ? left.shift() : left[0])
      const given = typeof answer === 'function' ? answer() : answer
      if (given instanceof Error) throw given
      return { stdout: given ?? '', stderr: '', exitCode: 0 }
    },
    zero: async (path: string, offset: number, length: number) => {
      ran.push(`zero ${path} ${offset} ${length}`)
      onZero()
    },
  } as unknown as Host
  let onZero = () => {}
  const run = () =>
    eraseContent(
      {
        host,
        say: (text) => said.push(text),
        onErasing: async ({ method }) => void ran.push(`told the server of ${method}`),
        onErased: (report) => reports.push(report),
        signal: cancel.signal,
      },
      '/dev/vda',
      { disk: { ...disk, size: SIZE }, erase: erase.map((method) => ({ method })) },
    )
  return { host, run, ran, said, reports, cancel, onZero: (act: () => void) => (onZero = act) }
}

const refused = () => new Error('the disk said no')

describe('eraseContent', () => {
  it('overwrites every byte, and reports it', async () => {
    const { run, ran, said, reports } = scene(['overwrite'])
    await run()
    expect(ran).toEqual(['told the server of overwrite', ...[0, 1, 2].map((at) => `zero /dev/vda ${at * GIB} ${GIB}`)])
    expect(reports).toMatchObject([
      { name: 'vda', serial: 'S1', model: 'Example SSD 9000', size: SIZE, method: 'overwrite', result: 'erased' },
    ])
    expect(said).toContain('erasing /dev/vda: 33 %')
    expect(said.at(-1)).toMatch(
      /^vda \(serial S1\) was erased by overwriting with zeros in \d+ s: 3221225472 bytes were overwritten with zeros$/,
    )
  })

  it('stops overwriting when nobody wants it any more', async () => {
    const { run, ran, reports, cancel, onZero } = scene(['overwrite', 'discard'])
    onZero(() => cancel.abort(new Error('the install was stopped')))
    await expect(run()).rejects.toThrow('the install was stopped')
    expect(ran).toEqual(['told the server of overwrite', `zero /dev/vda 0 ${GIB}`])
    expect(reports).toMatchObject([{ result: 'failed' }])
  })

  it('begins nothing when the server answers that nobody wants it any more', async () => {
    const { run, ran, reports, cancel } = scene(['overwrite'])
    cancel.abort(new Error('the install was stopped'))
    await expect(run()).rejects.toThrow('the install was stopped')
    expect(ran).toEqual(['told the server of overwrite'])
    expect(reports).toEqual([])
  })

  it('discards all blocks', async () => {
    const { run, ran } = scene(['discard'])
    await run()
    expect(ran).toEqual(['told the server of discard', 'blkdiscard --force /dev/vda'])
  })

  it('goes on with the next method in the order given, and keeps what became of each', async () => {
    const { run, ran, reports } = scene(['nvme-format', 'discard'], { 'nvme format': [refused()] })
    await run()
    expect(ran).toEqual([
      'told the server of nvme-format',
      'nvme format /dev/vda --ses=1 --timeout=14400000 --force',
      'told the server of discard',
      'blkdiscard --force /dev/vda',
    ])
    expect(reports).toMatchObject([
      { method: 'nvme-format', result: 'failed', detail: 'the disk said no' },
      { method: 'discard', result: 'erased' },
    ])
  })

  it('fails when no method is left: none that nobody asked for is tried', async () => {
    const { run, ran } = scene(['nvme-format-crypto'], { 'nvme format': [refused()] })
    await expect(run()).rejects.toMatchObject({ code: 'DISK_ERASE', message: /nvme-format-crypto: the disk said no/ })
    expect(ran.slice(1)).toEqual(['nvme format /dev/vda --ses=2 --timeout=14400000 --force'])
  })
})

describe('NVMe sanitize', () => {
  it('waits until the disk is done', async () => {
    const logs = [sanitizeLog({ status: 0 }), sanitizeLog({ status: 2, progress: 0x8000 }), sanitizeLog({ status: 1 })]
    const { run, ran, said, reports } = scene(['nvme-sanitize'], { 'nvme get-log': logs })
    await run()
    expect(ran.filter((line) => line.startsWith('nvme sanitize'))).toEqual(['nvme sanitize /dev/vda --sanact=2 --ause'])
    expect(said).toContain('erasing /dev/vda: 50 %')
    expect(reports).toMatchObject([{ result: 'erased' }])
  })

  it('goes on where the disk does not answer for a moment, but not for long', async () => {
    const lost = new Error('the disk is resetting')
    const lostFor = (reads: number) => Array.from({ length: reads }, () => lost)
    const idle = sanitizeLog({ status: 0 })
    const sanitize = (...logs: Answer[]) => {
      const { host, cancel } = scene([], { 'nvme get-log': [idle, ...logs] })
      return sanitizeNvme(host, '/dev/vda', 'nvme-sanitize', { onProgress: () => {}, signal: cancel.signal, pause: 0 })
    }
    const busy = sanitizeLog({ status: 2, progress: 0x8000 })
    await sanitize(...lostFor(15), busy, lost, sanitizeLog({ status: 1 }))
    await expect(sanitize(...lostFor(16), sanitizeLog({ status: 1 }))).rejects.toThrow('is resetting')
  })

  it('takes over one that a cut of the power could not stop, but none of another kind', async () => {
    const under = (action: number) => [sanitizeLog({ status: 2, action }), sanitizeLog({ status: 1, action })]
    const same = scene(['nvme-sanitize-crypto'], { 'nvme get-log': under(4) })
    await same.run()
    expect(same.ran.filter((line) => line.startsWith('nvme sanitize'))).toEqual([])
    const other = scene(['nvme-sanitize-crypto'], { 'nvme get-log': under(2) })
    await other.run()
    expect(other.ran).toContain('nvme sanitize /dev/vda --sanact=4 --ause')
  })

  it('brings a disk back whose sanitize failed, for the next method', async () => {
    const logs = [sanitizeLog({ status: 0 }), sanitizeLog({ status: 3 })]
    const { run, ran, reports } = scene(['nvme-sanitize-overwrite', 'overwrite'], { 'nvme get-log': logs })
    await run()
    expect(ran).toContain('nvme sanitize /dev/vda --sanact=3 --ause')
    expect(ran).toContain('nvme sanitize /dev/vda --sanact=1')
    expect(reports.map(({ method, result }) => `${method} ${result}`)).toEqual([
      'nvme-sanitize-overwrite failed',
      'overwrite erased',
    ])
  })
})

describe('ATA secure erase', () => {
  const hdparm = (...steps: string[]) => steps.map((step) => `hdparm --user-master u ${step} landfall /dev/vda`)
  const told = (ran: string[]) => ran.filter((line) => line.startsWith('hdparm'))

  it('locks the disk, erases it, and makes sure that the lock is gone', async () => {
    const { run, ran } = scene(['ata-erase-enhanced'], { '/usr/lib/udev/ata_id': [ATA_FRESH] })
    await run()
    expect(told(ran)).toEqual(hdparm('--security-set-pass', '--security-erase-enhanced'))
    expect(ran.at(-1)).toBe('/usr/lib/udev/ata_id --export /dev/vda')
  })

  it('takes over a disk that lost power on the way and is locked since', async () => {
    const { run, ran } = scene(['ata-erase'], { '/usr/lib/udev/ata_id': [ATA_LOCKED, ATA_FRESH] })
    await run()
    expect(told(ran)).toEqual(hdparm('--security-erase'))
  })

  it('takes the lock off again when the disk refuses', async () => {
    const answers = { '/usr/lib/udev/ata_id': [ATA_FRESH], 'hdparm --user-master u --security-erase': [refused()] }
    const { run, ran } = scene(['ata-erase'], answers)
    await expect(run()).rejects.toMatchObject({ code: 'DISK_ERASE' })
    expect(told(ran)).toEqual(hdparm('--security-set-pass', '--security-erase', '--security-disable'))
  })

  it('does not believe a disk that is locked afterwards', async () => {
    const { run } = scene(['ata-erase'], { '/usr/lib/udev/ata_id': [ATA_FRESH, ATA_LOCKED] })
    await expect(run()).rejects.toThrow(/has a password still/)
  })
})
