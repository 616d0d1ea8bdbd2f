// The HTTPS side over the real core and image store, in memory but for blobs.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { Role } from '../../../server/contract/access.ts'
import type { Problem, SystemInfo } from '../../../server/contract/system.ts'
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
import { registryApp } from '../../../server/oci/registry/app.ts'
import { checkStore } from '../../../server/oci/store-check.ts'
import { Bundles } from '../../../server/oci/bundles.ts'
import { UploadStore } from '../../../server/oci/upload-store.ts'
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

/** A server, and `call` to talk to it as somebody. */
export async function testServer() {
  const dir = await mkdtemp(join(tmpdir(), 'landfall-http-'))
  onTestFinished(() => rm(dir, { recursive: true, force: true }))
  const core = testCore()
  const blobs = await BlobStore.open(dir)
  const images = new ImageService(blobs, core.store.images, {
    followed: (repository, tag) => tracks.get(repository, tag),
  })
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
  }
  const reading = testReading(core.store, blobs, dir)
  onTestFinished(() => reading.stop())
  const inspector = new ImageInspector({ images, records: core.store.images, layers: core.store.layers, reading })
  const bundles = new Bundles({ ...imageStore, policies: [] })
  const services: Services = {
    ...core,
    images,
    upkeep,
    inspector,
    bundles,
    tracks,
    media,
    trace,
    leases: () => [],
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
    mediaUsers,
    dir,
    app,
    call,
    secrets,
    stopping,
    metrics,
    reading,
    eventStreams: () => streams,
  }
}

export type TestServer = Awaited<ReturnType<typeof testServer>>

export interface CallOptions {
  /** A role, `nobody`, or a bearer token. */
  as?: Role | 'nobody' | (string & {})
  json?: unknown
  headers?: Record<string, string>
  init?: RequestInit
}

export async function problemOf(response: Response | Promise<Response>): Promise<Problem> {
  const answer = await response
  if (answer.headers.get('content-type') !== 'application/problem+json') {
    throw new Error(`not a problem: ${answer.status} ${await answer.text()}`)
  }
  return (await answer.json()) as Problem
}
