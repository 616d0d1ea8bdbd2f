// The HTTPS side over the real core and image store, in memory but for blobs, and for tests and fuzzing alike.
import { join } from 'node:path'
import type { Role } from '../../../server/contract/access.ts'
import type { SystemInfo } from '../../../server/contract/system.ts'
import { httpsApp } from '../../../server/http/app.ts'
import { memoryAssets } from '../../../server/http/assets.ts'
import type { Services } from '../../../server/http/ports.ts'
import { MediaLibrary } from '../../../server/media/media-library.ts'
import { createLogger } from '../../../server/observe/logger.ts'
import { createMetrics } from '../../../server/observe/metrics.ts'
import { BlobStore } from '../../../server/oci/blob-store.ts'
import { ImageTracks } from '../../../server/core/image-tracks.ts'
import { ImageService } from '../../../server/oci/image-service.ts'
import { imageEvent, registryAccess } from '../../../server/http/registry-ports.ts'
import { collectImages } from '../../../server/oci/collect-images.ts'
import { Evictor } from '../../../server/oci/eviction.ts'
import { Screenshots } from '../../../server/bmc/screenshots.ts'
import { withDefaults } from '../../../server/config/defaults.ts'
import type { Host } from '../../../server/config/defaults.ts'
import { ConfigInput } from '../../../server/config/schema.ts'
import { NetworkSetup } from '../../../server/setup/network-setup.ts'
import { Bundles } from '../../../server/oci/bundles.ts'
import { registryApp } from '../../../server/oci/registry/app.ts'
import { checkStore } from '../../../server/oci/store-check.ts'
import { UploadStore } from '../../../server/oci/upload-store.ts'
import { SNAPSHOTS_FOLDER } from '../../../server/contract/snapshot.ts'
import { Snapshots } from '../../../server/store/snapshots.ts'
import { Webhooks } from '../../../server/core/webhooks.ts'
import { BootTrace } from '../../../server/trace/trace.ts'
import { ImageInspector } from '../../../server/inspect/image-inspector.ts'
import { testReading } from '../../helpers/reading.ts'
import { fakeUnpacker } from '../../helpers/fake-iso.ts'
import { testBootApp } from './boot/support.ts'
import { testCore } from '../../helpers/store-fakes.ts'

export const SYSTEM: SystemInfo = {
  name: 'landfall.test',
  version: '0.1.0',
  startedAt: '2026-01-31T12:00:00.000Z',
  caFingerprint: 'ab'.repeat(32),
  httpUrl: 'http://192.0.2.1:8080',
  httpsUrl: 'https://192.0.2.1:8443',
  registry: '192.0.2.1:8443',
  dhcp: [],
  warnings: [],
}

const HOST: Host = {
  name: 'depot',
  isRoot: false,
  home: '/home/depot',
  isTerminal: false,
  interfaces: [],
  addressOf: () => '10.77.0.1',
  addressOf6: () => undefined,
  hasIpv6: false,
}

/** A server with its blobs in `dir`, and `call` to talk to it as somebody. `outside` takes the place of what asks other registries and controllers. */
export async function memoryServer(dir: string, { outside }: { outside?: () => Promise<never> } = {}) {
  const core = testCore()
  const blobs = await BlobStore.open(dir)
  const images = new ImageService(blobs, core.store.images, {
    followed: (repository, tag) => tracks.get(repository, tag),
  })
  if (outside) Object.assign(images, { pull: outside, lookUp: outside })
  const tracks = new ImageTracks({
    ...core.store,
    ...core,
    images,
    onError: (error) => {
      throw error
    },
  })
  const mediaUsers = new Map<string, number>()
  const media = await MediaLibrary.open(join(dir, 'media'), core.store.media, {
    unpacker: fakeUnpacker,
    inUse: (id) => mediaUsers.get(id) ?? 0,
  })
  const stopping = new AbortController()
  const metrics = createMetrics()
  const trace = new BootTrace({
    clock: core.clock,
    macAt: () => undefined,
    macOf: () => undefined,
    machineOf: (mac) => core.inventory.find({ mac })?.id,
  })
  const imageStore = { blobs, records: core.store.images, uploads: await UploadStore.open(blobs) }
  const evictor = new Evictor({ ...imageStore, needed: () => new Map(), mayGo: () => () => false })
  const upkeep: Services['upkeep'] = {
    collect: (options) =>
      collectImages({
        ...imageStore,
        pinned: new Set(),
        untaggedDays: 0,
        quota: { limit: Infinity },
        evictor,
        ...options,
      }),
    check: (options) => checkStore({ ...imageStore, ...options }),
    room: () => ({ storedBytes: core.store.images.storedBytes(), maxBytes: null }),
  }
  const reading = testReading(core.store, blobs, dir)
  const inspector = new ImageInspector({ images, records: core.store.images, layers: core.store.layers, reading })
  const bundles = new Bundles({ ...imageStore, policies: [] })
  const network = new NetworkSetup({
    config: withDefaults(ConfigInput.parse({ dataDir: dir }), HOST),
    origins: {},
    links: () => [{ name: 'eth1', address: '10.77.0.1', cidr: '10.77.0.1/24', gateway: undefined }],
    probe: async () => 'silence',
    host: async () => ({ links: [], holders: [], firewall: new Map() }),
    system: () => SYSTEM,
    overview: () => trace.overview(),
    check: () => {},
  })
  // Nobody is told anything: what is sent waits for an answer, and a test sees what waits.
  const webhooks = new Webhooks({
    ...core.store,
    ...core,
    installs: core.store.installs,
    transactions: core.store.transactions,
    send: () => new Promise(() => {}),
    sleep: () => new Promise(() => {}),
  })
  const services: Services = {
    ...core,
    webhooks,
    screenshots: outside ? { take: outside } : new Screenshots({ clock: core.clock, isAllowed: () => true }),
    oidc: undefined,
    images,
    prefetch: { fetch: outside ?? (() => Promise.reject(new Error('not in memory'))) },
    upkeep,
    inspector,
    bundles,
    tracks,
    media,
    snapshots: await Snapshots.open(join(dir, SNAPSHOTS_FOLDER), {
      database: core.store.transactions,
      keepImages: () => blobs.touchAll(),
    }),
    trace,
    leases: () => [],
    network,
    system: () => SYSTEM,
  }
  let streams = 0
  const app = httpsApp({
    services,
    registry: registryApp({
      ...imageStore,
      access: registryAccess({ ...core, isPublic: (repository) => !repository.startsWith('private/') }),
      onChange: (change) => core.events.append(imageEvent(change)),
    }),
    boot: testBootApp(),
    web: memoryAssets({ 'index.html': '<!doctype html>page', 'assets/app-1.js': 'run()' }),
    readiness: () => [],
    stopping: stopping.signal,
    logger: createLogger({ level: 'silent' }),
    metrics,
    onEventStream: (change) => {
      streams += change
    },
  })
  const secrets = Object.fromEntries(
    (['admin', 'operator', 'viewer', 'join'] as const).map((role) => [
      role,
      core.tokens.createApiToken({ name: `the-${role}`, role }, 'system').secret,
    ]),
  ) as Record<Role, string>

  async function call(method: string, path: string, options: CallOptions = {}): Promise<Response> {
    const { as = 'admin', json, headers = {} } = options
    return app.request(path, {
      method,
      headers: {
        ...(as !== 'nobody' && { authorization: `Bearer ${as in secrets ? secrets[as as Role] : as}` }),
        ...(json !== undefined && { 'content-type': 'application/json', 'content-length': '2' }),
        ...headers,
      },
      ...(json !== undefined && { body: JSON.stringify(json) }),
      ...options.init,
    })
  }
  return {
    ...core,
    images,
    tracks,
    media,
    trace,
    reading,
    mediaUsers,
    webhooks,
    dir,
    app,
    call,
    secrets,
    stopping,
    metrics,
    eventStreams: () => streams,
  }
}

export interface CallOptions {
  /** A role, `nobody`, or a bearer token. */
  as?: Role | 'nobody' | (string & {})
  json?: unknown
  headers?: Record<string, string>
  init?: RequestInit
}
