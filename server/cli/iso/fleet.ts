// An ISO for many machines: each finds its own entry, or asks the server that the ISO names.
import { readFile } from 'node:fs/promises'
import type { IsoImage } from '../../../boot-assets/iso/image.ts'
import type { MediumEntry } from '../../contract/medium.ts'
import { MachineSpec } from '../../contract/spec.ts'
import { CliError } from '../errors.ts'
import type { Gathered, Site } from './site.ts'

export interface FleetOptions {
  machines?: string
  server?: boolean
  joinTokenFile?: string
}

/** Throws CliError for options that contradict each other. */
export async function gatherFleet({ desk, server }: Site, options: FleetOptions): Promise<Gathered> {
  const { machines: file, server: asks, joinTokenFile } = options
  if (file === undefined && !asks) {
    throw new CliError('a fleet ISO needs --machines FILE, --server, or both', { exitCode: 2 })
  }
  if (asks !== (joinTokenFile !== undefined || undefined)) {
    throw new CliError('--server and --join-token-file go together', {
      exitCode: 2,
      hint: 'make a token with `landfall token create NAME --role join` and put it into a file',
    })
  }
  const machines = file === undefined ? [] : await readMachines(file)
  const images: IsoImage[] = []
  const entries: MediumEntry[] = []
  for (const { name, macs, serials, image: reference, follow, spec } of machines) {
    const image = await desk.image(reference, follow)
    images.push(image)
    entries.push({ name, machines: { macs, serials }, spec: MachineSpec.parse(spec), image: image.order })
  }
  if (joinTokenFile === undefined) return { medium: { version: 1, entries }, images }
  const { system } = await server()
  const named = { url: system.httpsUrl, http: system.httpUrl, ca: system.caFingerprint }
  const token = await readToken(joinTokenFile)
  return { medium: { version: 1, entries, server: { ...named, token } }, images }
}

async function readToken(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new CliError(`reading ${file}: ${(cause as Error).message}`, { exitCode: 2, cause })
  })
  const token = text.trim()
  if (/^\S{1,500}$/.test(token)) return token
  throw new CliError(`${file} does not hold one token`, { exitCode: 2 })
}

// Loaded when used: other commands do without.
async function readMachines(file: string) {
  const { readFleetFile } = await import('../../../boot-assets/iso/fleet-file.ts')
  return readFleetFile(file)
}
