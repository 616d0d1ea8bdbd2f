// Fires hostile input at a server in a process of its own, while a real client is served, and judges what became of it.
import { readFile } from 'node:fs/promises'
import { seeded, type Random } from './mutate.ts'

/** A server to be fired at. A protocol joins by writing one of these. */
export interface FuzzTarget {
  name: string
  /** One input. */
  hostile(random: Random): Buffer
  /** How many there are unless somebody says otherwise; a million by default. */
  inputs?: number
  /** How many inputs are on their way at once. */
  batch: number
  start(): Promise<FuzzedServer>
}

interface FuzzedServer extends AsyncDisposable {
  pid: number
  /** Sends a batch and resolves when the server has read it, with what was wrong about the answers. */
  fire(inputs: readonly Buffer[]): Promise<string[]>
  /** Does an honest client's work from beginning to end; rejects if that fails. */
  work(): Promise<void>
}

export interface CampaignReport {
  target: string
  seed: number
  inputs: number
  /** How often an honest client was served meanwhile. */
  worked: number
  /** Resident memory of the server after each tenth of the inputs. */
  residentBytes: number[]
  /** How much of it came after the first tenth. */
  grownBytes: number
  /** Wrong answers, the first few. */
  problems: string[]
}

const MAX_PROBLEMS = 10
const TENTHS = 10

/** Rejects if the server dies or stops serving; the seed is in the report, or in the message. */
export async function campaign(
  target: FuzzTarget,
  { inputs, seed, onTenth }: { inputs: number; seed: number; onTenth?: (fired: number) => void },
): Promise<CampaignReport> {
  const random = seeded(seed)
  await using server = await target.start()
  const problems: string[] = []
  let [worked, fired, done, failed] = [0, 0, false, false]
  const honest = (async () => {
    do {
      await server.work()
      worked++
    } while (!done)
  })()
  // It is awaited below; a failure before that must not count as unhandled.
  honest.catch(() => (failed = true))
  const resident: number[] = []
  try {
    while (fired < inputs && !failed) {
      const batch = Array.from({ length: Math.min(target.batch, inputs - fired) }, () => target.hostile(random))
      const wrong = await server.fire(batch)
      problems.push(...wrong.slice(0, MAX_PROBLEMS - problems.length))
      fired += batch.length
      if (fired >= ((resident.length + 1) * inputs) / TENTHS) {
        resident.push(await residentBytes(server.pid))
        onTenth?.(fired)
      }
    }
    done = true
    await honest
    await server.work()
    const grownBytes = (await residentBytes(server.pid)) - resident[0]!
    return { target: target.name, seed, inputs, worked, residentBytes: resident, grownBytes, problems }
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
