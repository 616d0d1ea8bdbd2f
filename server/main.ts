// The composition root: builds every part of the server, connects them, starts them in order and stops them in reverse.
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { kickstartRenderer } from './anaconda.ts'
import { isEveryAddress } from './config/defaults.ts'
import { loadConfig } from './config/load.ts'
import type { Config, LoadedConfig } from './config/load.ts'
import type { DiskImageTask } from './contract/agent.ts'
import { SNAPSHOTS_FOLDER } from './contract/snapshot.ts'
import type { SystemInfo } from './contract/system.ts'
import type { Installers } from './core/boot.ts'
import { afterRestore } from './backup/restored.ts'
import { Answers } from './core/answers.ts'
import { AuditLog } from './core/audit.ts'
import { BulkChanges } from './core/bulk-changes.ts'
import { Claims } from './core/claims.ts'
import { Documents } from './core/documents.ts'
import { systemClock, timestamp } from './core/clock.ts'
import { unlessStoreFails } from './core/errors.ts'
import { EventLog } from './core/events.ts'
import { Installs } from './core/installs.ts'
import { KickstartService } from './core/kickstart-service.ts'
import { wantedImages } from './core/image-demand.ts'
import type { WantedImage } from './core/image-demand.ts'
import { ImagePins } from './core/image-pins.ts'
import { ImageUses } from './core/image-uses.ts'
import { ImageTracks } from './core/image-tracks.ts'
import { Screenshots } from './bmc/screenshots.ts'
import { Inventory } from './core/inventory.ts'
import { LoginGuard } from './core/login-guard.ts'
import { Logins } from './core/logins.ts'
import { OidcLogins } from './core/oidc-logins.ts'
import { PasswordHasher } from './core/passwords.ts'
import { Silence } from './core/silence.ts'
import { Overviews } from './core/overview.ts'
import { Profiles } from './core/profiles.ts'
import { Tokens } from './core/tokens.ts'
import { Users } from './core/users.ts'
import { Webhooks } from './core/webhooks.ts'
import { WholeImages } from './core/whole-images.ts'
import { createBootLoopWatch } from './dhcp/boot-loop.ts'
import { createLoaderWatch } from './dhcp/loader-watch.ts'
import { GpgVerifier } from './gpg/verifier.ts'
import { readHost } from './doctor/host.ts'
import { httpsApp } from './http/app.ts'
import { fileAssets, filesBelow, firstOf, foundFiles, memoryAssets } from './http/assets.ts'
import type { AssetSource } from './http/assets.ts'
import { ownMacs } from './host/addresses.ts'
import { macInAddress, urlHost } from './host/ipv6.ts'
import { bootApp } from './http/boot/app.ts'
import { bootDesk } from './http/boot/desk.ts'
import { extlinuxDesk } from './http/boot/extlinux-desk.ts'
import { grubDesk } from './http/boot/grub-desk.ts'
import { mediumLoader } from './http/boot/medium-loaders.ts'
import { installerArguments } from './http/boot/script.ts'
import { serverView } from './http/boot/server-view.ts'
import { withPulls } from './http/plain-pulls.ts'
import { evictedEvent, fetchedEvent, imageEvent, registryAccess } from './http/registry-ports.ts'
import { listen } from './http/listen.ts'
import type { Services } from './http/ports.ts'
import { ImageInspector } from './inspect/image-inspector.ts'
import { LayerReading } from './inspect/layer-reading.ts'
import { LayerRecoding } from './inspect/layer-recoding.ts'
import { LayerThread } from './inspect/layer-thread.ts'
import { InheritedSockets } from './host/inherited-sockets.ts'
import { giveMemoryBack } from './host/system-calls.ts'
import { ensureLocalAccess, LOCAL_TOKEN } from './local-access.ts'
import { MediaLibrary } from './media/media-library.ts'
import { xorriso } from './media/xorriso.ts'
import { startNetboot } from './netboot.ts'
import { eventMetrics } from './observe/event-metrics.ts'
import type { Logger } from './observe/logger.ts'
import { createMetrics } from './observe/metrics.ts'
import { BlobStore } from './oci/blob-store.ts'
import { Bundles } from './oci/bundles.ts'
import { ImageService } from './oci/image-service.ts'
import { collectImages } from './oci/collect-images.ts'
import { Evictor } from './oci/eviction.ts'
import { evictable } from './oci/evictable.ts'
import { loadUpstreams } from './oci/load-upstreams.ts'
import { MAX_MANIFEST_BYTES } from './oci/manifest.ts'
import { Prefetch } from './oci/prefetch.ts'
import { PullThrough } from './oci/pull-through.ts'
import { publicRepositories } from './oci/public-repositories.ts'
import { StoreQuota } from './oci/quota.ts'
import { recordFacts } from './oci/record-facts.ts'
import { registryApp } from './oci/registry/app.ts'
import type { RegistryOptions } from './oci/registry/context.ts'
import { storedSignatures } from './oci/signature-places.ts'
import { readSignatures } from './oci/signatures.ts'
import { checkStore } from './oci/store-check.ts'
import { UploadStore } from './oci/upload-store.ts'
import { Upstreams } from './oci/upstreams.ts'
import { OidcClient } from './oidc/client.ts'
import { loadOidc } from './oidc/load.ts'
import { endWarnings, openAuthority } from './pki/authority.ts'
import { readGivenCertificate } from './pki/given-certificate.ts'
import type { GivenCertificate } from './pki/given-certificate.ts'
import { servedNames } from './pki/served-names.ts'
import { ensureServerCertificate } from './pki/server-certificate.ts'
import { loadTemplates } from './render/templates.ts'
import { Snapshots } from './store/snapshots.ts'
import { setupLinks } from './setup/links.ts'
import { NetworkSetup } from './setup/network-setup.ts'
import { probeOnce } from './setup/probe.ts'
import { openStore } from './store/store.ts'
import { BootTrace } from './trace/trace.ts'
import { ImageTrust } from './trust/image-trust.ts'
import { loadPolicies } from './trust/load-policies.ts'
import { sendWebhook } from './webhook-sender.ts'

export interface ServerOptions {
  config: Config
  /** Where each setting was made; without it, all by default. */
  origins?: LoadedConfig['origins']
  version: string
  /** The built web page. */
  web: AssetSource
  logger: Logger
  /** Sockets opened by whoever started this process; those without a use are named in the warnings. */
  sockets?: InheritedSockets
  /** Further reasons why the server does not do all of its work, or not as it should. */
  warnings?: readonly string[]
  /** Has this server stop and start anew, by settings that changed. Absent where only whoever started it can. */
  restart?: (() => void) | undefined
  /** Makes a server whose machines become disk images. */
  diskImage?: DiskImageTask
}

export interface RunningServer {
  /** Where people go: `https://192.0.2.1:8443`. */
  url: string
  /** Link for the first login; undefined when somebody can log in already. */
  loginLink: string | undefined
  /** What keeps the server from doing all of its work, in sentences for people. */
  warnings: readonly string[]
  /** The installer's kernel arguments for a machine that is started with kernel and initramfs at hand, as if its boot loader had asked. */
  installerArguments(mac: string): string[]
  /** Lets running answers end, then closes everything. */
  stop(): Promise<void>
}

const TEMPLATES = join(import.meta.dirname, '../templates')
const DAY_MS = 24 * 3600 * 1000
const MINUTE_MS = 60_000
const SETTLED_MS = MINUTE_MS / 2
/** Boot files may cross a slow line, and a stalled download costs next to nothing. */
const BOOT_IDLE_MS = 5 * MINUTE_MS

/**
 * Starts everything that `config` asks for; when some part cannot start, stops the others and rejects with that part's error, which names
 * what to do. The database is opened first, so that a second server on the same data stops here.
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { config, version, web, logger, diskImage, sockets = new InheritedSockets() } = options
  await using parts = new AsyncDisposableStack()
  const { dataDir } = config
  await mkdir(dataDir, { recursive: true, mode: 0o700 })
  const store = openStore(join(dataDir, 'landfall.db'))
  parts.defer(() => store.close())

  const clock = systemClock
  const startedAt = timestamp(clock)
  const { transactions } = store
  const events = new EventLog({ store: store.events, transactions, clock })
  const inventory = new Inventory({ ...store, events, clock })
  const profiles = new Profiles({ profiles: store.profiles, events, transactions, clock })
  const tokens = new Tokens({ ...store, events, clock })
  const audit = new AuditLog({ ...store, clock })
  const passwords = new PasswordHasher()
  const guard = new LoginGuard(clock)
  const users = new Users({ ...store, tokens, passwords, guard, events, clock })
  const logins = new Logins({ ...store, tokens, passwords, guard, events, audit, clock })
  const oidc =
    config.oidc &&
    new OidcLogins(
      { ...store, provider: new OidcClient(loadOidc(config.oidc)), tokens, guard, events, audit, clock },
      config.oidc,
    )
  const { maxBytes = Infinity, maxLayerBytes, untaggedDays } = config.images
  const quota = new StoreQuota(
    maxBytes,
    () => store.images.storedBytes(),
    (bytes) => evictor.makeRoom(bytes),
  )
  const blobs = await BlobStore.open(join(dataDir, 'oci'), quota)
  const uploads = await UploadStore.open(blobs)
  for (const error of await recordFacts(store.images, blobs, clock.now())) {
    logger.warn({ err: error, part: 'oci' }, 'a manifest cannot be read: landfall image fsck tells more')
  }
  const policies = await loadPolicies(config.trust.policies)
  const trust = new ImageTrust({
    policies,
    fallback: config.trust.default,
    signatures: async (repository, digest) =>
      (await readSignatures(storedSignatures(blobs, store.images, repository), digest)).evidence,
    manifest: async (_, digest) =>
      (await blobs.size(digest)) === undefined ? undefined : blobs.read(digest, MAX_MANIFEST_BYTES),
    claimByGpg: new GpgVerifier().claim,
    records: store.verdicts,
    events,
    clock,
  })
  const reading = new LayerReading({
    records: store.layers,
    blobs,
    folder: join(dataDir, 'oci', 'reading'),
    maxLayerBytes,
    thread: new LayerThread(),
    onFailure: (digest, error) => logger.warn({ err: error, digest, part: 'inspect' }, 'a layer cannot be read'),
  })
  parts.defer(() => reading.stop())
  store.images.watchBlobs(() => reading.wake())
  reading.start()
  const pins = new ImagePins({ ...store, digestOf: (reference) => images.digestNamed(reference) })
  const upstreams = new Upstreams(loadUpstreams(config.images.upstreams), { userAgent: `landfall/${version}` })
  const evictor = new Evictor({
    records: store.images,
    blobs,
    needed: () => pins.needed(),
    mayGo: () => evictable(config.images.evict, upstreams, pins.followedBefore()),
    onEvicted: (image) => events.append(evictedEvent(image)),
    now: () => clock.now(),
  })
  const uses = new ImageUses({ records: store.images, clock })
  const through = new PullThrough({
    records: store.images,
    blobs,
    upstreams,
    freshMs: config.images.freshSeconds * 1000,
    onMoved: ({ registry: from, ...move }) => events.append(fetchedEvent(move, from)),
    onStale: (reference, error) =>
      logger.warn({ err: error, reference, part: 'oci' }, 'a tag is served as it was last'),
    now: () => clock.now(),
  })
  const images = new ImageService(blobs, store.images, {
    pinned: () => pins.all(),
    trust,
    machinesUsing: (reference) => inventory.countWanting('image', reference),
    upstreams,
    followed: (repository, tag) => tracks.get(repository, tag),
    through,
    arrival: (image) => prefetch.of(image),
  })
  const prefetch = new Prefetch({
    images,
    blobs,
    records: store.images,
    through,
    trust,
    demand: () => wantedImages(store),
    onError: (reference, error) =>
      logger.warn({ err: error, reference, part: 'oci' }, 'an image that machines need cannot be fetched'),
    now: () => clock.now(),
  })
  parts.defer(async () => {
    const ended = prefetch.stop()
    // What it waits for comes to an end by that.
    await through.stop()
    await ended
  })
  const recoding = new LayerRecoding({
    layers: store.layers,
    records: store.images,
    blobs,
    folder: join(dataDir, 'oci', 'recoding'),
    wanted: () => wantedDigests(images, wantedImages(store)),
    idle: () => reading.idle(),
    thread: new LayerThread(),
    onFailure: (digest, error) => logger.warn({ err: error, digest, part: 'inspect' }, 'a layer cannot be recoded'),
    now: () => clock.now(),
  })
  parts.defer(() => recoding.stop())
  const prepareImages = (): void => {
    if (config.images.prefetch !== 'off') void prefetch.keepUp()
    if (config.images.zstd && !diskImage) recoding.wake()
  }
  parts.defer(everyMinute(prepareImages, logger))
  // Once for thousands of machines that are assigned at a time.
  let isAssigned = false
  const endWatch = events.subscribe(({ type }) => {
    if (type === 'install.created') isAssigned = true
  })
  parts.defer(endWatch)
  parts.defer(
    everySecond(() => {
      if (isAssigned) prepareImages()
      isAssigned = false
    }),
  )
  const tracks = new ImageTracks({
    ...store,
    images,
    trust,
    events,
    clock,
    onError: (error) => logger.error({ err: error, part: 'oci' }, 'following images failed'),
  })
  parts.defer(everyMinute(() => void tracks.runDue(), logger))
  const media = await MediaLibrary.open(join(dataDir, 'media'), store.media, {
    unpacker: xorriso(),
    inUse: (id) => inventory.countWanting('media', id) + profiles.countNaming(id),
  })

  const pkiDir = join(dataDir, 'pki')
  const names = () =>
    servedNames([config.name, config.address, config.registry.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1')])
  const authority = await openAuthority(pkiDir)
  const certificate = await ensureServerCertificate(authority, pkiDir, names())
  const given = () => givenCertificate(config)
  const named = await given()

  const templates = await loadTemplates(TEMPLATES, config.templatesDir)
  const url = `https://${urlHost(config.address)}:${config.https.port}`
  const medium = (id: string) => store.media.get(id)?.media
  const renderer = kickstartRenderer({
    templates,
    registry: config.registry,
    httpsUrl: url,
    ca: authority.certificate,
    medium,
  })
  const isPublic = publicRepositories(config.images.public, upstreams)
  const installs = new Installs({
    ...store,
    inventory,
    tokens,
    images,
    trust,
    contents: config.images.prefetch === 'wait' ? new WholeImages({ arrivals: prefetch, contents: reading }) : reading,
    events,
    clock,
    registry: config.registry,
    isPublic,
    serverName: config.name,
    kickstarts: renderer,
    medium,
    diskImage,
  })
  await afterRestore(dataDir, {
    cancelUnfinished: () => installs.cancelUnfinished('system'),
    tell: (message, data) => events.append({ type: 'server.restored', message, data }),
  })
  const kickstarts = new KickstartService({
    ...store,
    inventory,
    installs,
    installStore: store.installs,
    tokens,
    events,
    clock,
    renderer,
    httpsUrl: url,
    isPublic,
  })
  parts.defer(everyMinute(() => kickstarts.endSilent(), logger))
  const silence = new Silence({ ...store, events, clock, minutes: config.installer.silentMinutes })
  parts.defer(everyMinute(() => silence.notice(), logger))
  const webhooks = new Webhooks({
    ...store,
    inventory,
    events,
    clock,
    send: sendWebhook,
    sleep: (ms, signal) => sleep(ms, undefined, { signal, ref: false }),
  })
  parts.defer(webhooks.start())
  let eventStreams = 0
  const metrics = createMetrics({
    machinesByState: () => inventory.countByState(),
    silentMachines: () => inventory.countSilent(),
    eventStreams: () => eventStreams,
    version,
  })
  parts.defer(events.subscribe(eventMetrics(metrics, (id) => secondsBetween(installs.get(id)))))

  const bootFiles = await filesBelow(join(dataDir, 'boot'))
  const warnings = [
    ...(options.warnings ?? []),
    ...missingBootFiles(bootFiles),
    ...(config.dhcp.mode === 'off' && config.dhcp6.mode === 'off'
      ? [
          'machines cannot netboot: dhcp.mode is off; set it to auto, server or proxy (the page /setup or `landfall network set` does; dhcp6.mode for IPv6), or have another DHCP server name the loaders',
        ]
      : []),
  ]
  const serverNames = {
    name: config.name,
    defaultHost: urlHost(config.address),
    httpPort: config.http.port,
    httpsPort: config.https.port,
    caFingerprint: authority.fingerprint,
  }

  const loaderWatch = createLoaderWatch()
  const bootLoopWatch = createBootLoopWatch()
  const installers = builtInstallers(bootFiles)
  const desk = bootDesk({ inventory, installs, tokens, events, medium, installers })
  const decide: typeof desk = (client, address, via) => {
    if (client.mac !== undefined) {
      bootLoopWatch.scriptServed(client.mac)
      loaderWatch.ran(client.mac)
    }
    return desk(client, address, via)
  }
  const grub = grubDesk({
    templates,
    decide: (client, address) => decide(client, address, 'grub'),
    macOf: (uuid) => loaderWatch.macOf(uuid),
    inventory,
    events,
    logger,
    metrics,
  })
  const extlinux = extlinuxDesk({
    templates,
    decide: (client, address) => decide(client, address, 'u-boot'),
    inventory,
    logger,
    metrics,
  })
  const mediumFile = (path: string) => media.file(path)
  const trace = new BootTrace({
    clock,
    macAt: (address) => (store.leases.at(address) ?? store.leases6.at(address))?.mac ?? macInAddress(address),
    macOf: (machineId) => store.machines.macs([machineId]).get(machineId)?.[0],
    machineOf: (mac) => inventory.find({ mac })?.id,
    ownMacs,
    store: store.traces,
  })
  parts.defer(() => unlessStoreFails(() => trace.saveAll()))
  parts.defer(everySecond(() => unlessStoreFails(() => trace.saveSome())))
  parts.defer(events.subscribe((event) => trace.taps.event(event)))

  const netboot = await startNetboot({
    config,
    bootFiles,
    installers,
    templates,
    serverNames,
    sockets,
    store,
    inventory,
    toBoot: (machine) => installs.toBoot(machine),
    medium,
    mediumFile,
    grub,
    extlinux,
    loaderWatch,
    bootLoopWatch,
    events,
    logger,
    metrics,
    taps: trace.taps,
  })
  parts.use(netboot)

  const imageStore = { records: store.images, blobs, uploads }
  const upkeep: Services['upkeep'] = {
    collect: (options) =>
      collectImages({ ...imageStore, untaggedDays, pinned: pins.all(), quota, evictor, ...options }),
    check: (options) =>
      checkStore({
        ...imageStore,
        isPartial: (repository) => through.registryBehind(repository) !== undefined,
        ...options,
      }),
    room: () => ({ storedBytes: store.images.storedBytes(), maxBytes: config.images.maxBytes ?? null }),
  }
  parts.defer(
    daily(
      async () => {
        const report = await upkeep.collect({})
        if (report.bytes > 0) logger.info({ ...report, part: 'oci' }, 'images that nothing needs were removed')
      },
      (error) => logger.error({ err: error, part: 'oci' }, 'garbage collection failed'),
    ),
  )
  parts.defer(
    daily(
      async () => {
        const forgotten = await events.forget(config.events.keepDays)
        if (forgotten > 0) logger.info({ events: forgotten, part: 'core' }, 'old events were forgotten')
      },
      (error) => logger.error({ err: error, part: 'core' }, 'old events could not be forgotten'),
    ),
  )
  const registry: RegistryOptions = {
    ...imageStore,
    through,
    access: registryAccess({ tokens, logins, installs, isPublic }),
    isInstalling: (digest) => pins.installing().has(digest),
    onChange: (change) => events.append(imageEvent(change)),
    onRead: (repository, digest) => uses.note(repository, digest),
    onError: (error) => logger.error({ err: error, part: 'oci' }, 'the registry failed a client'),
    now: () => clock.now(),
  }

  const system = (): SystemInfo => ({
    name: config.name,
    version,
    startedAt,
    caFingerprint: authority.fingerprint,
    httpUrl: `http://${urlHost(config.address)}:${config.http.port}`,
    httpsUrl: url,
    registry: config.registry,
    dhcp: netboot.links(),
    warnings: [...warnings, ...endWarnings(authority, clock.now()), ...netboot.warnings()],
  })
  const services: Services = {
    inventory,
    profiles,
    installs,
    bulk: new BulkChanges({ ...store, inventory, installs }),
    claims: new Claims({ inventory, transactions }),
    documents: new Documents({ inventory, profiles, store, transactions }),
    overviews: new Overviews({ ...store, clock }),
    kickstarts,
    tokens,
    users,
    logins,
    oidc,
    audit,
    answers: new Answers({ store: store.answers, clock }),
    events,
    images,
    prefetch,
    upkeep,
    inspector: new ImageInspector({ images, records: store.images, layers: store.layers, reading }),
    bundles: new Bundles({ records: store.images, blobs, policies, now: () => clock.now() }),
    tracks,
    trust,
    media,
    snapshots: await Snapshots.open(join(dataDir, SNAPSHOTS_FOLDER), {
      database: transactions,
      keepImages: () => blobs.touchAll(),
    }),
    screenshots: new Screenshots({ clock }),
    webhooks,
    trace,
    leases: netboot.leases,
    network: new NetworkSetup({
      config,
      origins: options.origins ?? {},
      links: setupLinks,
      probe: probeOnce,
      host: readHost,
      system,
      overview: () => trace.overview(),
      check: (file) => loadConfig({ file, env: {} }),
      restart: options.restart,
    }),
    system,
  }
  const readiness = () => missingBootFiles(bootFiles)
  const stopping = new AbortController()

  const boot = bootApp({
    templates,
    assets: firstOf(
      memoryAssets({ 'ca.pem': authority.certificate }),
      fileAssets(bootFiles),
      foundFiles((path) =>
        path.startsWith('media/') ? mediumLoader(mediumFile, path.slice('media/'.length)) : undefined,
      ),
    ),
    media: foundFiles(mediumFile),
    decide,
    grub,
    onFetched: (address, path) => loaderWatch.fetched(address, path),
    kickstart: (token, client) => kickstarts.kickstart(token, client),
    server: serverNames,
    readiness,
    logger,
    metrics,
    onRequest: (request) => trace.taps.httpRequest(request),
  })
  const { http, https } = config
  const onRefused = (address: string) => logger.warn({ part: 'http', address }, 'too many connections')
  const plain = await listen({
    app: config.images.plainHttp ? withPulls(boot, registryApp({ ...registry, publicOnly: true })) : boot,
    host: http.host,
    port: http.port,
    fd: sockets.take('http'),
    configKey: 'http.port',
    idleTimeout: BOOT_IDLE_MS,
    connections: { total: http.maxConnections, perAddress: http.maxConnectionsPerAddress },
    onRefused,
  })
  parts.defer(() => plain.stop())

  const api = httpsApp({
    services,
    registry: registryApp(registry),
    boot,
    web,
    readiness,
    stopping: stopping.signal,
    logger,
    metrics,
    onEventStream: (change) => (eventStreams += change),
  })
  const secure = await listen({
    app: api,
    host: https.host,
    port: https.port,
    fd: sockets.take('https'),
    configKey: 'https.port',
    tls: certificate,
    named,
    connections: { total: https.maxConnections },
    onRefused,
  })
  parts.defer(() => secure.stop())
  parts.defer(
    daily(
      async () => secure.replaceCertificate(await ensureServerCertificate(authority, pkiDir, names()), await given()),
      (error) => logger.error({ err: error, part: 'pki' }, 'certificate could not be renewed'),
    ),
  )

  warnings.push(...sockets.unused.map(unusedSocket))

  await ensureLocalAccess(dataDir, { url: localUrl(config), ca: authority.certificate, tokens })
  const loginLink = tokens.someoneCanLogIn(LOCAL_TOKEN) ? undefined : `${url}/setup#token=${tokens.issueLoginSecret()}`
  events.append({ type: 'server.started', message: `Landfall ${version} started`, data: { version, warnings } })
  // What the start took is free by then.
  const settled = setTimeout(giveMemoryBack, SETTLED_MS).unref()
  parts.defer(() => clearTimeout(settled))
  // Runs before anything else stops: long answers end, so that the listeners can.
  parts.defer(() => {
    stopping.abort()
    installs.stop()
    return tracks.stop()
  })
  const running = parts.move()
  return {
    url,
    loginLink,
    warnings: [...warnings, ...netboot.warnings()],
    installerArguments: (mac) => installerArguments(serverView(serverNames, undefined), decide({ mac }, undefined)),
    stop: () => running.disposeAsync(),
  }
}

/** Of the manifests that these images are here, now. */
async function wantedDigests(images: ImageService, wanted: readonly WantedImage[]): Promise<string[]> {
  const digests = new Set<string>()
  for (const { reference, architecture } of wanted) {
    const image = await images.resolve(reference, architecture, { lookUp: false })
    if (!('code' in image)) digests.add(image.digest)
  }
  return [...digests]
}

async function givenCertificate({ https: { certificate, key } }: Config): Promise<GivenCertificate | undefined> {
  return certificate === undefined || key === undefined ? undefined : readGivenCertificate({ certificate, key })
}

/** Loaders are no less needed, but a site may well serve its own. */
function missingBootFiles(files: Readonly<Record<string, string>>): string[] {
  const missing = ['installer/vmlinuz', 'installer/initrd.img'].filter((name) => !Object.hasOwn(files, name))
  return missing.length === 0
    ? []
    : [`the installer is not built (${missing.join(', ')} missing): start with \`landfall serve --build\``]
}

/** That for amd64 counts as there in any case: without it the server says that it is not ready. */
function builtInstallers(files: Readonly<Record<string, string>>): Installers {
  const arm64 = ['installer/arm64/vmlinuz', 'installer/arm64/initrd.img'].every((name) => Object.hasOwn(files, name))
  return new Set(arm64 ? ['amd64', 'arm64'] : ['amd64'])
}

function unusedSocket(name: string): string {
  return (
    `the inherited socket ${name} is not used: its name (FileDescriptorName= of the socket unit) belongs to no listener that is switched on; ` +
    'names are http, https, tftp, tftp-INTERFACE, dhcp-INTERFACE and pxe-INTERFACE'
  )
}

function localUrl({ https }: Config): string {
  return `https://${isEveryAddress(https.host) ? '127.0.0.1' : urlHost(https.host)}:${https.port}`
}

/** Returns what ends it. A failure is logged, and the next minute is another chance. */
function everyMinute(work: () => void, logger: Logger): () => void {
  const timer = setInterval(() => {
    try {
      work()
    } catch (error) {
      logger.error({ err: error, part: 'core' }, 'looking after running installs failed')
    }
  }, MINUTE_MS)
  timer.unref()
  return () => clearInterval(timer)
}

/** Returns what ends it. */
function everySecond(work: () => void): () => void {
  const timer = setInterval(work, 1000).unref()
  return () => clearInterval(timer)
}

/** A server runs longer than a certificate lasts, its addresses change, and images come and go. Returns what ends it. */
function daily(work: () => Promise<void>, onError: (error: unknown) => void): () => void {
  const timer = setInterval(() => void work().catch(onError), DAY_MS)
  timer.unref()
  return () => clearInterval(timer)
}

function secondsBetween({
  startedAt,
  endedAt,
}: {
  startedAt: string | null
  endedAt: string | null
}): number | undefined {
  return startedAt === null || endedAt === null ? undefined : (Date.parse(endedAt) - Date.parse(startedAt)) / 1000
}
