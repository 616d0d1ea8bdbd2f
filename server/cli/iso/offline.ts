// An ISO with one image: for whatever machine it is put into, or for the one that a server wants it for.
import { MachineMedium } from '../../contract/medium.ts'
import type { MediumEntry } from '../../contract/medium.ts'
import { MachineSpec } from '../../contract/spec.ts'
import { findMachine } from '../machine-lookup.ts'
import { CliError } from '../errors.ts'
import type { Gathered, Site } from './site.ts'

export interface OfflineOptions {
  layout?: string
  image?: string
  machine?: string
  follow?: string
  spec?: string
  name?: string
}

/** Throws CliError for options that contradict each other. */
export async function gatherOffline({ desk, server }: Site, options: OfflineOptions): Promise<Gathered> {
  const { image, machine, spec: specFile, follow, layout } = options
  if (machine !== undefined) {
    const others = { '--image': image, '--spec': specFile, '--follow': follow, '--layout': layout }
    const extra = Object.entries(others).flatMap(([flag, value]) => (value === undefined ? [] : [flag]))
    if (extra.length > 0) {
      const hint = 'change what the server wants with `landfall machine assign`'
      throw new CliError(`--machine does not go with ${extra.join(', ')}`, { exitCode: 2, hint })
    }
    return gatherMachine({ desk, server }, machine, options.name)
  }
  const spec = specFile === undefined ? {} : await readSpec(specFile)
  const reference = image ?? spec.image
  if (reference === undefined) {
    throw new CliError('an offline ISO needs --image REFERENCE or --machine MACHINE', { exitCode: 2 })
  }
  const taken = await desk.image(reference, follow)
  const entry = {
    name: options.name ?? reference,
    spec: MachineSpec.parse({ ...spec, image: reference }),
    image: taken.order,
  }
  return { medium: { version: 1, entries: [entry] }, images: [taken] }
}

async function gatherMachine({ desk, server }: Site, machine: string, name?: string): Promise<Gathered> {
  const { client, access, system } = await server()
  if (access.ca === undefined) {
    throw new CliError('LANDFALL_CA is not set: the installed system could not tell whom to report to', {
      exitCode: 2,
      hint: 'save the CA certificate from the server (GET /boot/ca.pem) and name that file in LANDFALL_CA',
    })
  }
  const { id } = await findMachine(client, machine)
  const made = await client.call('POST', `/machines/${id}/medium`, MachineMedium)
  const { macs, serial, spec, installId, token } = made
  const { repository, digest, targetReference } = made.image
  const image = await desk.image(`${repository}@${digest}`, targetReference)
  const entry: MediumEntry = {
    name: name ?? `${spec.image ?? targetReference} for ${made.name}`,
    machines: { macs, serials: serial === null ? [] : [serial] },
    spec,
    image: image.order,
    trust: made.trust,
    report: { url: system.httpsUrl, ca: access.ca, installId, token },
  }
  return { medium: { version: 1, entries: [entry] }, images: [image] }
}

// Loaded when used: other commands do without.
async function readSpec(file: string) {
  const { readSpecFile } = await import('../../../boot-assets/iso/fleet-file.ts')
  return readSpecFile(file)
}
