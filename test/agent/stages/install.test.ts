// The order of an install and its failures, on a machine that only writes down what it is told to run.
import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { textConsole } from '../../../boot-assets/agent/console.ts'
import { ServerError } from '../../../boot-assets/agent/link/server.ts'
import { serverImages } from '../../../boot-assets/agent/link/server-images.ts'
import type { InstallOrder } from '../../../boot-assets/agent/link/task-source.ts'
import { install } from '../../../boot-assets/agent/stages/install.ts'
import type { InstallContext } from '../../../boot-assets/agent/stages/install.ts'
import { CommandError } from '../../../boot-assets/agent/sys/command.ts'
import type { Host } from '../../../boot-assets/agent/sys/host.ts'
import { InstallTask } from '../../../server/contract/agent.ts'
import type { AgentEvent, EventsRequest } from '../../../server/contract/agent.ts'
import type { TrustBasis, TrustEvidence } from '../../../server/contract/trust.ts'
import { signingKey, simpleSignature } from '../../helpers/signatures.ts'
import { disk, facts, plan } from '../examples.ts'

const digestOf = (bytes: Buffer) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`

interface ImageChange {
  labels?: Record<string, string>
  architecture?: string
  diffIds?: string[]
  layers?: number
}

/** A manifest and a configuration, and where a server has them. */
function image({
  labels = { 'containers.bootc': '1' },
  architecture = 'amd64',
  diffIds,
  layers = 1,
}: ImageChange = {}) {
  const layer = Buffer.from('not a layer')
  const config = Buffer.from(
    JSON.stringify({
      architecture,
      os: 'linux',
      config: { Labels: labels },
      rootfs: { type: 'layers', diff_ids: diffIds ?? [digestOf(layer)] },
    }),
  )
  const descriptor = (mediaType: string, bytes: Buffer) => ({ mediaType, digest: digestOf(bytes), size: bytes.length })
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      config: descriptor('application/vnd.oci.image.config.v1+json', config),
      layers: Array.from({ length: layers }, () => descriptor('application/vnd.oci.image.layer.v1.tar+gzip', layer)),
    }),
  )
  const blobs = new Map([manifest, config, layer].map((bytes) => [digestOf(bytes), bytes]))
  return { digest: digestOf(manifest), layer: digestOf(layer), blobs }
}

/** Runs nothing, writes down all; `fail` names a program that does not work. */
function fakeHost(fail?: string): Host & { ran: string[] } {
  const ran: string[] = []
  return {
    ran,
    run: async (command, args = []) => {
      ran.push([command, ...args].join(' '))
      if (command === fail)
        throw new CommandError('exit', [command], 'exit code 1', 'as the test wants', { exitCode: 1 })
      return { stdout: '', stderr: '', exitCode: 0 }
    },
    read: async (path) => (path === '/sys/class/block/vda/size' ? String(disk.size / 512) : undefined),
    readBytes: async () => undefined,
    list: async (path) => (path === '/sys/class/block/vda' ? ['queue', 'vda1'] : []),
    resolve: async (path) => (path.startsWith('/dev/disk/by-id') ? '/dev/vda' : undefined),
    zero: async (path, offset, length) => void ran.push(`zero ${path} ${offset} ${length}`),
  }
}

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'agent-install-'))
})
afterEach(() => rm(folder, { recursive: true }))

type Served = Omit<ReturnType<typeof image>, 'layer'>
type Change = Partial<InstallContext> & {
  image?: Served
  link?: InstallOrder['link']
  trust?: TrustBasis
  spec?: object
}

function scene(change: Change = {}) {
  const { image: served = image(), link, trust, spec: wanted = {}, ...context } = change
  const events: AgentEvent[] = []
  const plans: unknown[] = []
  let text = ''
  const host = fakeHost()
  const full: InstallContext = {
    host,
    console: textConsole({ write: (chunk: string) => (text += chunk) }),
    identify: async () => facts,
    planDisks: () => plan(),
    mountPoint: join(folder, 'target'),
    volumes: join(folder, 'volumes'),
    stage: join(folder, 'stage'),
    peakRss: () => 1,
    ...context,
  }
  const {
    spec,
    installId,
    image: named,
    nextEvent,
  } = InstallTask.parse({
    type: 'install',
    installId: '01890000-0000-7000-8000-000000000003',
    generation: 1,
    spec: wanted,
    image: { repository: 'os/web', digest: served.digest, targetReference: 'r.example/os/web:1' },
    confirmToken: 'c',
    nextEvent: 1,
  })
  const server = {
    // Nobody listens there: the fetch step has no layers to get.
    url: 'https://127.0.0.1:1',
    bytes: async (_: string, path: string) => {
      const bytes = served.blobs.get(path.split('/').at(-1)!)
      if (bytes === undefined) throw new ServerError('REFUSED', 'no', { status: 404 })
      return bytes
    },
    size: async (path: string) => (await server.bytes('HEAD', path)).length,
  }
  const order: InstallOrder = {
    type: 'install',
    task: { spec, installId, image: named, nextEvent, trust },
    images: serverImages(server, { ca: '' }),
    link: link ?? {
      sendPlan: async (_, sent) => (plans.push(sent), { go: true }),
      sendRecoveryKey: async () => ({ kept: true }),
      sendEvents: async (_: string, request: EventsRequest) => {
        events.push(...request.events.map(({ event }) => event))
        return { acknowledged: request.events.at(-1)!.seq, cancelled: false }
      },
    },
    confirmation: { url: server.url, token: 'c', installId, ca: '' },
    medium: undefined,
  }
  return {
    run: () => install(full, order),
    events,
    plans,
    text: () => text,
    host: full.host as ReturnType<typeof fakeHost>,
  }
}

const ours = signingKey()
const DIGEST = image().digest
const OTHER = `sha256:${'b'.repeat(64)}`
const REFERENCE = 'registry.example/os/web:1'

describe('install, when the policy wants a signature', () => {
  const wanting = (evidence: TrustEvidence[], more: object = {}): TrustBasis => ({
    policy: { require: 'key', pattern: 'os/*', keys: [ours.pem], ...more },
    evidence,
  })
  const old = { timestamp: 1_000_000_000 }
  const signed = (content: object) => simpleSignature(ours, { digest: DIGEST, reference: REFERENCE, ...content })

  it.each<[string, string, TrustBasis]>([
    ['an image nobody signed', 'IMAGE_UNSIGNED', wanting([])],
    ['one signed by another key', 'SIGNATURE_INVALID', wanting([simpleSignature(signingKey(), { digest: DIGEST })])],
    ['one with an old signature, of another digest', 'SIGNATURE_OTHER_DIGEST', wanting([signed({ digest: OTHER })])],
    [
      'one with the signature of another repository',
      'SIGNATURE_OTHER_REPOSITORY',
      wanting([signed({ reference: 'registry.example/os/db' })]),
    ],
    ['one whose signature has expired', 'SIGNATURE_EXPIRED', wanting([signed({ optional: old })], { maxAgeDays: 30 })],
    [
      'one of a repository that is rejected',
      'IMAGE_REJECTED',
      { policy: { require: 'reject', pattern: '*' }, evidence: [] },
    ],
    [
      'one whose digest is not pinned',
      'DIGEST_NOT_PINNED',
      { policy: { require: 'digest', pattern: '*', digests: [OTHER] }, evidence: [] },
    ],
  ])('refuses %s, before the disk is touched', async (_, code, trust) => {
    const { run, host, plans } = scene({ trust })
    expect(await run()).toMatchObject({ state: 'failed', failure: { code, hint: expect.any(String) } })
    expect(host.ran).toEqual([])
    expect(plans).toEqual([])
  })

  it('goes on with one that is signed, and says by whom', async () => {
    const { run, plans, text } = scene({ trust: wanting([signed({})]), host: fakeHost('sfdisk') })
    expect(await run()).toMatchObject({ state: 'failed', failure: { code: 'DISK_IO' } })
    expect(plans).toHaveLength(1)
    expect(text()).toMatch(/trust: signed by key sha256:[0-9a-f]{16} \(policy for os\/\*: key\)/)
  })

  it('says so when nobody has checked', async () => {
    const { run, text } = scene({ host: fakeHost('sfdisk') })
    await run()
    expect(text()).toContain('nobody has checked who made the image')
  })
})

const failureOf = (events: AgentEvent[]) => events.find((event) => event.type === 'failed')

describe('install, before the disk is touched', () => {
  it.each([
    ['an image that does not boot', { image: image({ labels: {} }) }, 'IMAGE_NOT_BOOTABLE'],
    ['an image for another architecture', { image: image({ architecture: 'arm64' }) }, 'ARCHITECTURE_MISMATCH'],
    ['an image whose parts do not fit', { image: image({ diffIds: [] }) }, 'IMAGE_INVALID'],
    ['an image the server has lost', { image: { ...image(), blobs: new Map() } }, 'IMAGE_NOT_FOUND'],
    [
      'a manifest with other bytes',
      { image: { ...image(), blobs: new Map([[image().digest, Buffer.from('{}')]]) } },
      'DIGEST_MISMATCH',
    ],
    [
      'a layer that is not there',
      { image: { ...image(), blobs: new Map([...image().blobs].filter(([digest]) => digest !== image().layer)) } },
      'IMAGE_NOT_FOUND',
    ],
    [
      'a layer of another size',
      {
        image: { ...image(), blobs: new Map([...image().blobs, [image().layer, Buffer.from('longer than a layer')]]) },
      },
      'SIZE_MISMATCH',
    ],
    ['a manifest of 10 000 layers', { image: image({ layers: 10_000 }) }, 'TOO_MANY_LAYERS'],
    [
      'a selector that matches two disks',
      { planDisks: () => ({ code: 'DISK_SEVERAL_MATCH', message: 'vda and vdb match' }) as const },
      'DISK_SEVERAL_MATCH',
    ],
    [
      'a server that does not agree',
      {
        link: {
          sendPlan: async () => ({ go: false, reason: 'cancelled' }),
          sendRecoveryKey: async () => ({ kept: true as const }),
          sendEvents: async (_: string, { events }: EventsRequest) => ({
            acknowledged: events.at(-1)!.seq,
            cancelled: false,
          }),
        },
      },
      'CANCELLED',
    ],
  ])('refuses %s', async (_, change, code) => {
    const { run, host, text } = scene(change)
    expect(await run()).toMatchObject({ state: 'failed', failure: { code } })
    expect(host.ran).toEqual([])
    expect(text()).toContain(`Reason: ${code}`)
  })

  it('hands the recovery key over before anything is encrypted, and stops when nobody keeps it', async () => {
    const link: InstallOrder['link'] = {
      sendPlan: async () => ({ go: true }),
      sendRecoveryKey: async () => {
        throw new ServerError('REFUSED', 'the install is failed', { status: 409 })
      },
      sendEvents: async (_, { events }) => ({ acknowledged: events.at(-1)!.seq, cancelled: false }),
    }
    const { run, host } = scene({
      link,
      spec: { disks: { encryption: { passphrase: 'long enough', recoveryKey: true } } },
    })
    expect(await run()).toMatchObject({ state: 'failed' })
    expect(host.ran).toEqual([])
  })

  it('shows what will be lost, and says in which step it failed', async () => {
    const { run, events, plans, text } = scene({ host: fakeHost('sfdisk') })
    await run()
    expect(plans).toEqual([plan()])
    expect(text()).toMatch(/Serial +S1/)
    expect(text()).toContain('gpt, ext4: will be wiped')
    expect(failureOf(events)).toMatchObject({ step: 'partition', failure: { code: 'DISK_IO' } })
  })
})

describe('install, once it writes', () => {
  it('erases before it partitions, makes parents before children, and erases again when it fails', async () => {
    const broken = scene({ host: fakeHost('mkfs.xfs') })
    expect(await broken.run()).toMatchObject({ state: 'failed', failure: { code: 'DISK_IO' } })
    const erase = [
      'wipefs --all --force --quiet /dev/vda1',
      'wipefs --all --force --quiet /dev/vda',
      `zero /dev/vda 0 ${4 * 2 ** 20}`,
      `zero /dev/vda ${disk.size - 4 * 2 ** 20} ${4 * 2 ** 20}`,
    ]
    expect(broken.host.ran.map((line) => line.replace(/ -m uuid=\S+| -U \S+| -i [0-9A-F]{8}/g, ''))).toEqual([
      'sfdisk --json /dev/vda',
      ...erase,
      'sfdisk --wipe always --wipe-partitions always --quiet /dev/vda',
      'partx --update /dev/vda',
      'udevadm settle --timeout=120',
      ...[1, 2, 3, 4].map((number) => `wipefs --all --force --quiet /dev/vda${number}`),
      'mkfs.vfat -F 32 -n EFI-SYSTEM /dev/vda2',
      'mkfs.ext4 -q -F -L boot -O ^orphan_file,^metadata_csum_seed /dev/vda3',
      'mkfs.xfs -q -f -L root -i nrext64=0 /dev/vda4',
      ...erase,
    ])
  })

  it('refuses a disk that changed since the plan', async () => {
    const host = fakeHost()
    host.read = async () => '1'
    const { run } = scene({ host })
    expect(await run()).toMatchObject({ state: 'failed', failure: { code: 'DISK_IO' } })
    expect(host.ran.filter((line) => line.startsWith('sfdisk'))).toEqual([])
  })

  it('stops when the server cancels', async () => {
    const { run } = scene({
      link: {
        // The server answers the plan only after it has cancelled.
        sendRecoveryKey: async () => ({ kept: true }),
        sendPlan: () => new Promise((resolve) => setTimeout(() => resolve({ go: true }), 300)),
        sendEvents: async (_, { events }) => ({ acknowledged: events.at(-1)!.seq, cancelled: true }),
      },
    })
    expect(await run()).toMatchObject({ state: 'failed', failure: { code: 'CANCELLED' } })
  })
})
