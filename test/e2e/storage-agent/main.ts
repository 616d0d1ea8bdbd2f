// Stands in for the agent in a real installer, with its kernel and its mdadm, cryptsetup and lvm: makes layouts on the machine's disks, puts
// data into /var, and reinstalls onto them as an install would. Prints one line for each layout, and switches the machine off.
import { createHash, randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { z } from 'zod'
import { lookInside } from '../../../boot-assets/agent/disk/look-inside.ts'
import { release } from '../../../boot-assets/agent/stages/finalize.ts'
import { identify } from '../../../boot-assets/agent/stages/identify.ts'
import { makeStorage } from '../../../boot-assets/agent/stages/partition.ts'
import { realHost as host } from '../../../boot-assets/agent/sys/host.ts'
import type { Failure } from '../../../server/contract/install.ts'
import { planRows } from '../../../server/contract/plan-rows.ts'
import { StoragePlan } from '../../../server/contract/plan.ts'
import { DiskLayout } from '../../../server/contract/spec-disks.ts'
import { preservedVolumes } from '../../../server/plan/kept.ts'
import { placesOf, planDisks } from '../../../server/plan/plan-disks.ts'

type Input = z.input<typeof DiskLayout>

const MIB = 2 ** 20
const FILES = 16
const PLACES = { mountPoint: '/run/landfall/target', volumes: '/run/landfall/volumes' }

/** Small, so that emulated machines are done with them soon. */
const SMALL = {
  espSize: 64 * MIB,
  bootSize: 256 * MIB,
  rootSize: 2048 * MIB,
  volumes: [
    { mount: '/var', size: 512 * MIB, filesystem: 'ext4' as const, preserve: true },
    { mount: 'swap', size: 64 * MIB },
  ],
}
/** Of names that are another in every install. */
const OWN_NUMBER = /[-_][0-9a-f]{8}(-[0-9a-f-]{27})?$/
const FIRST = { serial: 'first' }
const MIRROR = { scheme: 'raid1' as const, disk: FIRST, mirror: { serial: 'second' } }
const OLD = 'the old passphrase'
const NEW = 'another passphrase'

interface Round {
  kept: string[]
  /** Of all that /var holds. */
  sum: string
  /** What a reinstall has to make anew. */
  rootIsNew: boolean
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}

/** The disk part of an install, from looking to letting go. `write` fills /var. */
async function install(input: Input, seed: string, formerKeys: string[] = [], write = false): Promise<Round | Failure> {
  const disks = DiskLayout.parse(input)
  // What a start of the machine would do: its udev has seen each disk as it is now.
  await host.run('udevadm', ['trigger', '--settle', '--subsystem-match=block'])
  const facts = await identify(host, undefined)
  const { encryption } = disks
  const look = await lookInside({
    host,
    places: placesOf({ disks }, facts),
    volumes: preservedVolumes(disks).map(({ name }) => name),
    keys: [encryption?.passphrase ?? [], formerKeys].flat(),
    newKeys: encryption ? 1 : 0,
    say,
  })
  const planned = planDisks({ disks }, { ...facts, insides: look.insides }, seed)
  if ('code' in planned) return planned
  // As the server gets it.
  const plan = StoragePlan.parse(planned)
  const secrets = { keys: encryption && ([encryption.passphrase] as const), opening: look.opening }
  const told = { say, onErasing: async () => {}, onErased: () => {}, signal: new AbortController().signal }
  await makeStorage({ host, plan, ...PLACES, secrets, ...told })
  const folder = join(PLACES.volumes, 'var')
  const marker = join(PLACES.mountPoint, 'marker')
  const rootIsNew = (await readFile(marker).catch(() => undefined)) === undefined
  await writeFile(marker, seed)
  if (write) await fill(folder)
  const sum = await sumOf(folder)
  await release(host, { plan, ...PLACES })
  return {
    kept: planRows(plan).flatMap(({ place, name, kept }) => (kept ? [`${place} ${name.replace(OWN_NUMBER, '')}`] : [])),
    sum,
    rootIsNew,
  }
}

async function fill(folder: string): Promise<void> {
  await mkdir(join(folder, 'data'))
  for (let at = 0; at < FILES; at++) await writeFile(join(folder, `data/${at}`), randomBytes(2 * MIB + at))
}

async function sumOf(folder: string): Promise<string> {
  const hash = createHash('sha256')
  for (const name of (await readdir(join(folder, 'data')).catch(() => [])).toSorted()) {
    hash.update(name).update(await readFile(join(folder, 'data', name)))
  }
  return hash.digest('hex')
}

async function sumOfDisk(device: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(device, { highWaterMark: 4 * MIB }), hash)
  return hash.digest('hex')
}

/** First and second install of one layout. */
async function twice(name: string, first: Input, second: Input = first, formerKeys: string[] = []): Promise<void> {
  // What the layout before left would rightly be spared.
  for (const disk of ['/dev/vda', '/dev/vdb']) await host.zero(disk, 0, 4 * MIB)
  for (const disk of ['/dev/vda', '/dev/vdb']) await host.run('partx', ['--delete', disk]).catch(() => {})
  const made = await install(first, `${name} 1`, [], true)
  const again = await install(second, `${name} 2`, formerKeys)
  say(`RESULT ${JSON.stringify({ name, made, again })}`)
}

async function main(): Promise<void> {
  await twice('mirror', { ...SMALL, ...MIRROR })
  const thin = { ...SMALL, disk: FIRST, scheme: 'lvm' as const, thin: true }
  await twice('thin volumes', { ...thin, bootSize: 320 * MIB }, thin)
  const all = {
    ...SMALL,
    scheme: 'lvm' as const,
    disk: FIRST,
    raid: { level: 1 as const, disks: [{ serial: 'second' }] },
  }
  await twice('volumes on an encrypted mirror', { ...all, encryption: { passphrase: OLD } })
  const sealed = (passphrase: string) => ({ ...SMALL, disk: FIRST, encryption: { passphrase } })
  await twice('a partition of another passphrase', sealed(OLD), sealed(NEW), [OLD])
  const alone = await install(sealed(NEW), 'by the new one alone')
  const before = await sumOfDisk('/dev/vda')
  const refused = await install(sealed('no key of it at all'), 'refused', ['nor this one'])
  const untouched = (await sumOfDisk('/dev/vda')) === before
  const other = await install({ ...SMALL, disk: FIRST, scheme: 'lvm' }, 'of another scheme')
  say(`RESULT ${JSON.stringify({ name: 'refusals', alone, refused, untouched, other })}`)
}

try {
  await main()
} catch (error) {
  say(`RESULT ${JSON.stringify({ name: 'error', message: (error as Error).stack })}`)
}
await writeFile('/run/landfall/finish', 'poweroff\n')
