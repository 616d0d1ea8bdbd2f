// The file that says which machine gets what from a fleet medium, and the file with the spec of an offline medium.
import { readFile, stat } from 'node:fs/promises'
import { parse as parseToml } from 'smol-toml'
import { z } from 'zod'
import { Mac } from '../../server/contract/common.ts'
import { PartialSpec } from '../../server/contract/spec.ts'
import { IsoError } from './error.ts'

/** Keys and users of thousands of machines fit. */
const LIMIT = 16 * 2 ** 20

/** What is said once counts for all machines; a machine's own keys replace it, key by key. */
const Common = PartialSpec.omit({ image: true })

const FleetMachine = z
  .strictObject({
    name: z.string().min(1),
    macs: z.array(Mac).default([]),
    serials: z.array(z.string().trim().min(1)).default([]),
    image: z.string().min(1).optional(),
    /** What its deployed system upgrades from; by default where the image comes from. */
    follow: z.string().min(1).optional(),
    spec: Common.default({}),
  })
  .refine(({ macs, serials }) => macs.length + serials.length > 0, 'needs a MAC in macs or a serial in serials')

const FleetFile = z.strictObject({
  /** For machines that name none. */
  image: z.string().min(1).optional(),
  follow: z.string().min(1).optional(),
  spec: Common.default({}),
  machines: z.array(FleetMachine).default([]),
})

/** One machine of a fleet, with everything that is said for all filled in. */
export interface FleetEntry {
  name: string
  macs: string[]
  serials: string[]
  image: string
  follow?: string
  spec: PartialSpec
}

/** Reads and checks a fleet file (TOML or JSON). Throws IsoError INPUT_INVALID: also for two machines that are the same one. */
export async function readFleetFile(path: string): Promise<FleetEntry[]> {
  const fleet = check(path, FleetFile, await readDocument(path))
  const entries = fleet.machines.map(({ spec, image = fleet.image, follow = fleet.follow, ...machine }) => {
    if (image === undefined) throw invalid(path, `machine ${machine.name} has no image, and there is none for all`)
    return { ...machine, image, ...(follow !== undefined && { follow }), spec: { ...fleet.spec, ...spec } }
  })
  const seen = new Map<string, string>()
  for (const { name, macs, serials } of entries) {
    for (const identity of [...macs, ...serials.map((serial) => `serial ${serial.toLowerCase()}`)]) {
      const other = seen.get(identity)
      if (other !== undefined) throw invalid(path, `${identity} is given for ${other} and for ${name}`)
      seen.set(identity, name)
    }
  }
  return entries
}

/** Reads and checks a spec (TOML or JSON). Throws IsoError INPUT_INVALID. */
export async function readSpecFile(path: string): Promise<PartialSpec> {
  return check(path, PartialSpec, await readDocument(path))
}

async function readDocument(path: string): Promise<unknown> {
  try {
    const { size } = await stat(path)
    if (size > LIMIT) throw new Error(`it has ${size} bytes, at most ${LIMIT} are read`)
    const text = await readFile(path, 'utf8')
    return path.endsWith('.toml') ? parseToml(text) : JSON.parse(text)
  } catch (cause) {
    throw new IsoError('INPUT_INVALID', `reading ${path}: ${(cause as Error).message}`, {
      cause,
      hint: 'a file whose name ends in .toml is read as TOML, any other as JSON',
    })
  }
}

function check<T>(path: string, schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const problems = result.error.issues.map(({ path: where, message }) => `${where.join('.') || 'document'}: ${message}`)
  throw invalid(path, problems.join('; '))
}

function invalid(path: string, problem: string): IsoError {
  return new IsoError('INPUT_INVALID', `${path}: ${problem}`)
}
