import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { decodePacket, encodeAck, encodeError, type TftpPacket } from '../../../server/tftp/packet.ts'
import { openContent, type ReadableFile } from '../../../server/tftp/source.ts'
import { Transfer, type Timer, type TransferResult } from '../../../server/tftp/transfer.ts'

/** Timers that run when told. */
class Clock {
  #now = 0
  #timers: { at: number; callback: () => void }[] = []

  createTimer = (callback: () => void): Timer => {
    let timer: { at: number; callback: () => void } | undefined
    const clear = () => void (this.#timers = this.#timers.filter((other) => other !== timer))
    const set = (ms: number) => {
      clear()
      timer = { at: this.#now + ms, callback }
      this.#timers.push(timer)
    }
    return { set, clear }
  }

  readonly now = (): number => this.#now

  /** Lets time pass in which no timer runs. */
  wait(ms: number): void {
    this.#now += ms
  }

  get idle(): boolean {
    return this.#timers.length === 0
  }

  /** Runs the earliest timer. */
  step(): void {
    const next = this.#timers.reduce((first, timer) => (timer.at < first.at ? timer : first))
    this.#timers = this.#timers.filter((timer) => timer !== next)
    this.#now = next.at
    next.callback()
  }
}

interface Setup {
  blksize?: number
  windowsize?: number
  timeoutMs?: number
  oack?: boolean
}

/** A transfer whose datagrams are collected in `sent`. */
async function transfer(
  file: Uint8Array | ReadableFile,
  { blksize = 4, windowsize = 1, timeoutMs, oack = true }: Setup = {},
) {
  const clock = new Clock()
  const sent: TftpPacket[] = []
  const results: TransferResult[] = []
  const created = new Transfer({
    content: await openContent(file, 'octet'),
    terms: {
      blksize,
      windowsize,
      accepted: new Map(oack ? [['blksize', String(blksize)]] : []),
      ...(timeoutMs !== undefined && { timeoutMs }),
    },
    send: (datagram) => {
      const packet = decodePacket(datagram)
      if (!('op' in packet)) throw new Error(packet.malformed)
      sent.push(packet)
    },
    createTimer: clock.createTimer,
    now: clock.now,
    onEnd: (result) => results.push(result),
  })
  created.start()
  const take = (): string[] =>
    sent.splice(0).map((packet) => ('block' in packet ? `${packet.op} ${packet.block}` : packet.op))
  return { transfer: created, clock, sent, results, take, ack: (block: number) => created.receive(encodeAck(block)) }
}

const TEN = Buffer.from('0123456789')

describe('Transfer', () => {
  it('waits for ACK 0 after the OACK, then goes block by block', async () => {
    const { take, ack, results, clock } = await transfer(TEN)
    expect(take()).toEqual(['oack'])
    ack(0)
    expect(take()).toEqual(['data 1'])
    ack(1)
    ack(2)
    expect(take()).toEqual(['data 2', 'data 3'])
    ack(3)
    expect(results).toEqual([{ outcome: 'completed', bytes: 10, resends: 0 }])
    expect(clock.idle).toBe(true)
  })

  it('starts with DATA where nothing was agreed', async () => {
    const { take } = await transfer(TEN, { oack: false })
    expect(take()).toEqual(['data 1'])
  })

  it.each([
    ['an empty file', 0, 1],
    ['a full last block', 8, 3],
    ['less than a block', 3, 1],
  ])('ends %s with a short block', async (_name, size, blocks) => {
    const { sent, ack, results } = await transfer(new Uint8Array(size), { oack: false })
    for (let block = 1; block <= blocks; block++) ack(block)
    const last = sent.at(-1)
    expect(last?.op === 'data' && last.data.length).toBe(size % 4)
    expect(results).toMatchObject([{ outcome: 'completed', bytes: size }])
  })

  it('sends a window at once and goes on where an ACK inside it says', async () => {
    const { take, ack, results } = await transfer(new Uint8Array(30), { windowsize: 4 })
    ack(0)
    expect(take()).toEqual(['oack', 'data 1', 'data 2', 'data 3', 'data 4'])
    ack(2)
    expect(take()).toEqual(['data 3', 'data 4', 'data 5', 'data 6'])
    ack(6)
    expect(take()).toEqual(['data 7', 'data 8'])
    ack(8)
    expect(results).toEqual([{ outcome: 'completed', bytes: 30, resends: 2 }])
  })

  it('statement 65: ignores a repeated ACK at windowsize 1', async () => {
    const { take, ack } = await transfer(TEN)
    ack(0)
    ack(0)
    ack(1)
    ack(1)
    ack(0)
    expect(take()).toEqual(['oack', 'data 1', 'data 2'])
  })

  it('statement 65: resends a window once for repeated ACKs', async () => {
    const { take, ack } = await transfer(new Uint8Array(100), { windowsize: 2 })
    ack(0)
    ack(2)
    take()
    for (let n = 0; n < 5; n++) ack(2)
    expect(take()).toEqual(['data 3', 'data 4'])
    ack(4)
    take()
    ack(4)
    expect(take()).toEqual(['data 5', 'data 6'])
  })

  it('ignores ACKs beyond what was sent, and old ones', async () => {
    const { take, ack } = await transfer(new Uint8Array(100), { windowsize: 2 })
    ack(0)
    take()
    for (const block of [3, 9, 40_000, 65_535]) ack(block)
    expect(take()).toEqual([])
  })

  it('statement 59: rolls over past 65535 blocks', async () => {
    const { sent, ack, results } = await transfer(new Uint8Array(4 * 65_540 + 1), { windowsize: 1 })
    for (let block = 0; block <= 65_541; block++) ack(block & 0xffff)
    expect(
      sent
        .filter((packet) => packet.op === 'data')
        .map(({ block }) => block)
        .slice(65_533, 65_538),
    ).toEqual([65_534, 65_535, 0, 1, 2])
    expect(results).toMatchObject([{ outcome: 'completed', bytes: 4 * 65_540 + 1 }])
  })

  it('resends after 1, 2, 4, 8, 8, 8 seconds, then gives up', async () => {
    const { take, ack, clock, results } = await transfer(TEN)
    ack(0)
    take()
    const times: number[] = []
    while (!clock.idle) {
      clock.step()
      times.push(clock.now() / 1000)
    }
    expect(times).toEqual([1, 3, 7, 15, 23, 31, 39])
    expect(take()).toEqual(Array(6).fill('data 1'))
    expect(results).toEqual([{ outcome: 'timed-out', bytes: 0, resends: 6 }])
  })

  it('keeps the time the client chose', async () => {
    const { clock, results } = await transfer(TEN, { timeoutMs: 3000 })
    while (!clock.idle) clock.step()
    expect(clock.now()).toBe(21_000)
    expect(results).toMatchObject([{ outcome: 'timed-out' }])
  })

  it('takes silence after the last block for success', async () => {
    const { take, clock, results } = await transfer(Uint8Array.of(1), { oack: false })
    while (!clock.idle) clock.step()
    expect(take()).toEqual(Array(4).fill('data 1'))
    expect(results).toMatchObject([{ outcome: 'completed', bytes: 1, resends: 3 }])
  })

  it.each([
    ['statement 64: probe', 8, 'User aborted the transfer', undefined, 'probed'],
    ['statement 64: probe of a BIOS ROM', 0, 'TFTP Aborted', undefined, 'probed'],
    ['statement 64: probe after ACK 0', 8, 'User aborted the transfer', 0, 'probed'],
    ['GRUB having enough', 0, 'closed', 1, 'closed'],
    ['trouble', 3, 'Disk full', 1, 'aborted'],
  ])('%s: is told by its error', async (_name, code, text, acked, outcome) => {
    const { transfer: running, ack, results, clock } = await transfer(TEN)
    for (let block = 0; block <= (acked ?? -1); block++) ack(block)
    running.receive(encodeError(code, text))
    expect(results).toMatchObject([{ outcome, message: text }])
    expect(clock.idle).toBe(true)
  })

  it('statement 69: ignores datagrams that are nothing', async () => {
    const { transfer: running, take, results } = await transfer(TEN)
    take()
    for (const bytes of [[], [1], [0, 4], [0, 4, 0], [9, 9, 9, 9], [0, 3, 0, 1, 5]])
      running.receive(Uint8Array.from(bytes))
    expect([take(), results]).toEqual([[], []])
  })

  it('answers a repeated request until data was acknowledged', async () => {
    const { transfer: running, take, ack, clock } = await transfer(TEN)
    clock.wait(100)
    expect(running.repeated()).toBe(true)
    ack(0)
    clock.wait(100)
    expect(running.repeated()).toBe(true)
    expect(take()).toEqual(['oack', 'oack', 'data 1', 'data 1'])
  })

  it('does not answer a request that the network doubled', async () => {
    const { transfer: running, take, ack, clock, results } = await transfer(TEN)
    clock.wait(40)
    expect(running.repeated()).toBe(true)
    ack(0)
    ack(1)
    clock.wait(900)
    expect(running.repeated()).toBe(true)
    expect([take(), results]).toEqual([['oack', 'data 1', 'data 2'], []])
  })

  it('knows a client that begins anew by its silence', async () => {
    const { transfer: running, ack, clock } = await transfer(TEN)
    ack(0)
    ack(1)
    clock.wait(1000)
    expect(running.repeated()).toBe(false)
  })

  it('does nothing after its end', async () => {
    const { transfer: running, take, ack, results } = await transfer(TEN)
    running.stop('stopped', 'bye')
    running.stop('stopped', 'bye')
    ack(0)
    running.abandon('gone')
    expect(take()).toEqual(['oack', 'error'])
    expect(results).toHaveLength(1)
  })

  describe('from a slow source', () => {
    const settled = () => new Promise((resolve) => setImmediate(resolve))

    it('reads ahead one window, and closes at the end', async () => {
      const reads: string[] = []
      let closed = 0
      const file: ReadableFile = {
        size: 20,
        read: async (offset, length) => {
          reads.push(`${offset}+${length}`)
          return new Uint8Array(length).fill(offset)
        },
        close: () => void closed++,
      }
      const { take, ack, results } = await transfer(file, { windowsize: 2 })
      ack(0)
      await settled()
      expect(reads).toEqual(['0+8', '8+8'])
      ack(2)
      await settled()
      expect(take()).toEqual(['oack', 'data 1', 'data 2', 'data 3', 'data 4'])
      expect(reads).toEqual(['0+8', '8+8', '16+4'])
      ack(4)
      await settled()
      ack(6)
      expect(results).toMatchObject([{ outcome: 'completed', bytes: 20, resends: 0 }])
      expect(closed).toBe(1)
    })

    it('ends with an error if reading fails', async () => {
      const file: ReadableFile = { size: 20, read: () => Promise.reject(new Error('disk gone')) }
      const { take, ack, results } = await transfer(file)
      ack(0)
      await settled()
      expect(take()).toEqual(['oack', 'error'])
      expect(results).toMatchObject([{ outcome: 'failed', message: 'disk gone' }])
    })
  })
})

/** A receiving client on a link that loses datagrams both ways; time jumps to the next timer when all is quiet. */
async function lossyDownload(
  file: Uint8Array,
  windowsize: number,
  loss: number,
  random: () => number,
): Promise<Buffer> {
  const blksize = 512
  const received: Uint8Array[] = []
  const { transfer: server, clock, sent, results } = await transfer(file, { blksize, windowsize })
  const lost = () => random() < loss
  let expected = 0
  let inWindow = 0
  let finished = false
  const toServer = (block: number): void => {
    if (!lost()) server.receive(encodeAck(block))
  }
  for (let quiet = 0; results.length === 0 && quiet < 1000;) {
    const packet = sent.shift()
    if (!packet) {
      quiet++
      // The client's own timeout: it acknowledges again what it has (RFC 7440 section 4).
      if (quiet % 4 === 0 && !finished) toServer(expected & 0xffff)
      else if (!clock.idle) clock.step()
      continue
    }
    if (lost() || packet.op === 'error') continue
    if (packet.op === 'oack') {
      toServer(0)
    } else if (packet.op === 'data') {
      if (packet.block !== ((expected + 1) & 0xffff)) {
        // A gap, or a block again: say once per window where we are.
        if (inWindow !== 0 || packet.block === (expected & 0xffff)) toServer(expected & 0xffff)
        inWindow = 0
        continue
      }
      received.push(Uint8Array.from(packet.data))
      expected++
      inWindow = (inWindow + 1) % windowsize
      finished = packet.data.length < blksize
      if (finished || inWindow === 0) toServer(expected & 0xffff)
    }
  }
  return Buffer.concat(received)
}

describe('statement 66: at 1 % loss', () => {
  it.each([1, 4, 16])('100 of 100 transfers complete with windows of %i', { timeout: 60_000 }, async (windowsize) => {
    let state = windowsize
    const random = () => (state = (state * 1_103_515_245 + 12_345) & 0x7fffffff) / 0x80000000
    const file = randomBytes(150_000)
    for (let n = 0; n < 100; n++) {
      expect(Buffer.compare(await lossyDownload(file, windowsize, 0.01, random), file)).toBe(0)
    }
  })
})
