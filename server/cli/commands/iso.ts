// `landfall iso build`: media that install without anybody at the keyboard. Each kind gathers what it holds; the writing is the same.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Command } from 'commander'
import type { ImageDesk, ImageServer } from '../../../boot-assets/iso/image-desk.ts'
import type { IsoImage } from '../../../boot-assets/iso/image.ts'
import { formatBytes } from '../../contract/bytes.ts'
import { MachineMedium } from '../../contract/medium.ts'
import type { Medium, MediumEntry } from '../../contract/medium.ts'
import type { PartialSpec } from '../../contract/spec.ts'
import { MachineSpec } from '../../contract/spec.ts'
import { SystemInfo } from '../../contract/system.ts'
import { findAccess } from '../access.ts'
import type { Access } from '../access.ts'
import { ApiClient } from '../client.ts'
import { CliError } from '../errors.ts'
import { printObject } from '../output.ts'
import type { OutputFormat } from '../output.ts'
import { progressLine } from '../progress.ts'
import { findMachine } from './machine.ts'

const TEMPLATES = join(import.meta.dirname, '../../../templates')
const SIGNALS = ['SIGINT', 'SIGTERM'] as const

interface BuildOptions {
  out: string
  layout?: string
  confirm?: boolean
}

interface OfflineOptions extends BuildOptions {
  image?: string
  machine?: string
  follow?: string
  spec?: string
  name?: string
}

interface FleetOptions extends BuildOptions {
  machines?: string
  server?: boolean
  joinTokenFile?: string
}

/** What a kind of ISO adds: the orders, and the images they name. */
interface Gathered {
  medium: Medium
  images: IsoImage[]
}

export function addIsoCommands(program: Command): void {
  const build = program
    .command('iso')
    .description('installation media for stick, CD and virtual drive')
    .command('build')
    .description('write an ISO; no root needed')

  common(build.command('offline'))
    .description('an image and what to do with it: installs one machine, or each it is put into, without any network')
    .option('--image <reference>', 'with its registry, or as a Landfall server or the layout names it')
    .option('--machine <machine>', 'what the server wants this machine to become; refuses other machines')
    .option('--spec <file>', 'disk, host name, keys and so on (TOML or JSON)')
    .option('--follow <reference>', 'what the installed system upgrades from; default: where the image comes from')
    .option('--name <text>', 'what boot menu and console call it; default: the image')
    .action(async (_: unknown, command: Command) => {
      const options = command.opts<OfflineOptions>()
      await buildIso(command, options, (site) => gatherOffline(site, options))
    })

  common(build.command('fleet'))
    .description('one ISO for many machines, told apart by MAC or serial')
    .option('--machines <file>', 'which machine gets what (TOML or JSON); layers that images share are there once')
    .option('--server', 'machines that the file does not name ask this Landfall server; unknown ones register there')
    .option(
      '--join-token-file <file>',
      'with --server: the token that lets them in (`landfall token create --role join`)',
    )
    .action(async (_: unknown, command: Command) => {
      const options = command.opts<FleetOptions>()
      await buildIso(command, options, (site) => gatherFleet(site, options))
    })
}

function common(command: Command): Command {
  return command
    .requiredOption('--out <file>', 'the ISO to write')
    .option('--layout <path>', 'take images from this OCI layout or archive instead of from a server or registry')
    .option('--confirm', 'ask at the console before a disk is wiped, instead of waiting 10 s in the boot menu')
}

/** Where images and the server's word come from while an ISO is made. */
interface Site {
  desk: ImageDesk
  /** The Landfall server, found and asked when first needed. */
  server: () => Promise<LandfallServer>
}

interface LandfallServer {
  access: Access
  client: ApiClient
  system: SystemInfo
}

async function gatherOffline({ desk, server }: Site, options: OfflineOptions): Promise<Gathered> {
  const { image: reference, machine, spec: specFile, follow, name } = options
  if ((reference === undefined) === (machine === undefined)) {
    throw new CliError('an offline ISO needs --image REFERENCE or --machine MACHINE, not both', { exitCode: 2 })
  }
  if (machine !== undefined) {
    const extra = [specFile && '--spec', follow && '--follow', options.layout && '--layout'].filter(Boolean)
    if (extra.length > 0) {
      const hint = 'change what the server wants with `landfall machine assign`'
      throw new CliError(`--machine does not go with ${extra.join(', ')}`, { exitCode: 2, hint })
    }
    return gatherMachine({ desk, server }, machine, name)
  }
  const spec = specFile === undefined ? {} : await (await fleetFile()).readSpecFile(specFile)
  const image = await desk.image(reference!, follow)
  const entry = { name: name ?? reference!, spec: fullSpec(spec), image: image.order }
  return { medium: { version: 1, entries: [entry] }, images: [image] }
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
    report: { url: system.httpsUrl, ca: access.ca, installId, token },
  }
  return { medium: { version: 1, entries: [entry] }, images: [image] }
}

async function gatherFleet({ desk, server }: Site, options: FleetOptions): Promise<Gathered> {
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
  const machines = file === undefined ? [] : await (await fleetFile()).readFleetFile(file)
  const images: IsoImage[] = []
  const entries: MediumEntry[] = []
  for (const { name, macs, serials, image: reference, follow, spec } of machines) {
    const image = await desk.image(reference, follow)
    images.push(image)
    entries.push({ name, machines: { macs, serials }, spec: fullSpec(spec), image: image.order })
  }
  if (joinTokenFile === undefined) return { medium: { version: 1, entries }, images }
  const { system } = await server()
  const named = { url: system.httpsUrl, http: system.httpUrl, ca: system.caFingerprint }
  const token = await readToken(joinTokenFile)
  return { medium: { version: 1, entries, server: { ...named, token } }, images }
}

function fullSpec(spec: PartialSpec): MachineSpec {
  return MachineSpec.parse(spec)
}

async function readToken(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new CliError(`reading ${file}: ${(cause as Error).message}`, { exitCode: 2, cause })
  })
  const token = text.trim()
  if (/^\S{1,500}$/.test(token)) return token
  throw new CliError(`${file} does not hold one token`, { exitCode: 2 })
}

// Loaded when used: a client of the API does without all of it.
const fleetFile = () => import('../../../boot-assets/iso/fleet-file.ts')

/** Builds from what `gather` brings; the file appears when it is whole, and an interrupt leaves nothing behind. */
async function buildIso(
  command: Command,
  { out, layout, confirm = false }: BuildOptions,
  gather: (site: Site) => Promise<Gathered>,
): Promise<void> {
  const { output, dataDir } = command.optsWithGlobals<{ output: OutputFormat; dataDir?: string }>()
  const [{ buildInstaller }, { buildIsoKit }, { ImageDesk }, { withWorkFolder }, { writeIso }, { loadTemplates }] =
    await Promise.all([
      import('../../../boot-assets/installer/build.ts'),
      import('../../../boot-assets/iso/kit.ts'),
      import('../../../boot-assets/iso/image-desk.ts'),
      import('../../../boot-assets/iso/work-folder.ts'),
      import('../../../boot-assets/iso/write.ts'),
      import('../../render/templates.ts'),
    ])
  const line = progressLine()
  const log = (text: string) => {
    line.end()
    console.error(text)
  }
  const interrupted = new AbortController()
  const interrupt = () => interrupted.abort(new CliError('interrupted; nothing was written'))
  for (const name of SIGNALS) process.once(name, interrupt)
  const { signal } = interrupted
  await using server = lazyServer(dataDir)
  try {
    const { iso, medium } = await withWorkFolder(out, async (folder) => {
      await using desk = new ImageDesk({
        work: folder,
        ...(layout !== undefined && { layout }),
        server: async () => imageServer(await server.find()),
        onProgress: (reference, bytes, totalBytes) => line.update(bytes, totalBytes, `fetching ${reference}`),
        signal,
      })
      const gathered = await gather({ desk, server: server.find })
      line.end()
      const installer = await buildInstaller({ arch: 'amd64', log })
      const kit = await buildIsoKit({ log })
      const templates = await loadTemplates(TEMPLATES)
      signal.throwIfAborted()
      const onProgress = (step: string, bytes: number, totalBytes: number) => line.update(bytes, totalBytes, step)
      const contents = { ...gathered, installer, confirm }
      return { ...gathered, iso: await writeIso(contents, out, folder, { kit, templates, onProgress, signal }) }
    })
    line.end()
    const { label, bytes } = iso
    printObject(output, { file: out, label, bytes, entries: medium.entries.map(summaryOf) }, [
      ['File', `${out}, ${formatBytes(bytes)}`],
      ['Label', label],
      ...medium.entries.map(({ name, image }): [string, string] => ['Installs', `${name}: ${image.digest}`]),
      ...(medium.server ? [['Others ask', medium.server.url] as [string, string]] : []),
    ])
  } catch (error) {
    throw signal.aborted ? signal.reason : error
  } finally {
    line.end()
    for (const name of SIGNALS) process.removeListener(name, interrupt)
  }
}

function summaryOf({ name, machines, image }: MediumEntry) {
  return { name, ...machines, image: image.targetReference, digest: image.digest }
}

/** Looks for a server only when something is to be had from it: with a layout or a registry none is needed. */
function lazyServer(dataDir: string | undefined) {
  let found: Promise<LandfallServer> | undefined
  const find = () => {
    found ??= (async () => {
      const access = findAccess(process.env, dataDir)
      const client = new ApiClient(access)
      return { access, client, system: await client.call('GET', '/system', SystemInfo) }
    })()
    return found
  }
  return {
    find,
    async [Symbol.asyncDispose]() {
      await found?.then(
        ({ client }) => client.close(),
        () => {},
      )
    },
  }
}

function imageServer({ access, system }: LandfallServer): ImageServer {
  return {
    host: new URL(access.url).host,
    registry: system.registry,
    ...(access.ca !== undefined && { ca: access.ca }),
  }
}
