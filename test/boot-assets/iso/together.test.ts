import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { together } from '../../../boot-assets/iso/together.ts'

const untilAborted = async (signal: AbortSignal) => {
  while (!signal.aborted) await sleep(2)
}

it('ends when all works have ended', async () => {
  let done = 0
  const work = async (ms: number) => {
    await sleep(ms)
    done++
  }
  await together([() => work(1), () => work(10)])
  expect(done).toBe(2)
})

it('ends the others when one fails, waits for them, and throws its error, not theirs', async () => {
  let ended = false
  const other = async (signal: AbortSignal) => {
    await untilAborted(signal)
    ended = true
    throw new Error('second')
  }
  await expect(together([other, () => Promise.reject(new Error('first'))])).rejects.toThrow('first')
  expect(ended).toBe(true)
})

it('ends all when it is called off', async () => {
  const stop = new AbortController()
  const work = async (signal: AbortSignal) => {
    await untilAborted(signal)
    signal.throwIfAborted()
  }
  const works = together([work, work], stop.signal)
  stop.abort(new Error('enough'))
  await expect(works).rejects.toThrow('enough')
})
