// Fires hostile input at a server in a process of its own, while a real client is served, and judges what became of it.
import { readFile } from 'node:fs/promises'
import { hostile, seeded } from './mutate.ts'

/** A server to be fired at. A protocol joins by writing one of these. */
export interface FuzzTarget {
  name: string
  /** What honest clients send: the beginnings of mutations. */
  examples: readonly Buffer[]
  /** How many inputs are on their way at once. */
  batch: number
  start(): Promise<FuzzedServer>
}

interface FuzzedServer extends AsyncDisposable {
  pid: number
  /** Sends one input; resolves with what was wrong about the answer, if anything was. */
  fire(input: Buffer): Promise<string | undefined>
  /** Does an honest client's work from beginning to end; rejects if that fails. */
  work(): Promise<void>
}

export interface CampaignReport {
  target: string
  seed: number
  inputs: number
  /** How often an honest client was served meanwhile. */
  worked: number
  /** Growth of resident memory after the first tenth of the inputs. */
  grownBytes: number
  /** Wrong answers, the first few. */
  problems: string[]
}

const MAX_PROBLEMS = 10

/** Rejects if the server dies or stops serving; the seed is in the report, or in the message. */
export async function campaign(
  target: FuzzTarget,
  { inputs, seed }: { inputs: number; seed: number },
): Promise<CampaignReport> {
  const random = seeded(seed)
  await using server = await target.start()
  const problems: string[] = []
  let [worked, fired, done] = [0, 0, false]
  const honest = (async () => {
    do {
      await server.work()
      worked++
    } while (!done)
  })()
  // It is awaited below; a failure before that must not count as unhandled.
  honest.catch(() => {})
  let before = await residentBytes(server.pid)
  try {
    while (fired < inputs) {
      const batch = Array.from({ length: Math.min(target.batch, inputs - fired) }, () =>
        hostile(random, target.examples),
      )
      const wrong = await Promise.all(batch.map((input) => server.fire(input)))
      for (const problem of wrong) {
        if (problem !== undefined && problems.length < MAX_PROBLEMS) problems.push(problem)
      }
      if (fired < inputs / 10 && fired + batch.length >= inputs / 10) before = await residentBytes(server.pid)
      fired += batch.length
    }
    done = true
    await honest
    await server.work()
    const grownBytes = (await residentBytes(server.pid)) - before
    return { target: target.name, seed, inputs, worked, grownBytes, problems }
  } catch (cause) {
    throw new Error(`fuzzing ${target.name} with seed ${seed}: failed after ${fired} inputs`, { cause })
  } finally {
    done = true
  }
}

async function residentBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)![1]) * 1024
}
