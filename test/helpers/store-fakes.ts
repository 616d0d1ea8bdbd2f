// The core over a database in memory, with a fake catalog of images; and what tests put in.
import type { DiskImageTask } from '../../server/contract/agent.ts'
import { EventEmitter, once } from 'node:events'
import { join } from 'node:path'
import { kickstartRenderer } from '../../server/anaconda.ts'
import type { Architecture } from '../../server/contract/common.ts'
import type { KickstartRelease } from '../../server/contract/kickstart-release.ts'
import type { MediaBootFiles } from '../../server/contract/media.ts'
import type { Facts } from '../../server/contract/facts.ts'
import { Answers } from '../../server/core/answers.ts'
import { AuditLog } from '../../server/core/audit.ts'
import { BulkChanges } from '../../server/core/bulk-changes.ts'
import { Claims } from '../../server/core/claims.ts'
import { Documents } from '../../server/core/documents.ts'
import { EventLog } from '../../server/core/events.ts'
import type { ImageCatalog, ResolvedImage } from '../../server/core/images.ts'
import type { ContentGate, ContentVerdict } from '../../server/core/layers.ts'
import type { TrustGate } from '../../server/core/trust.ts'
import { judge } from '../../server/trust/judge.ts'
import type { TrustBasis, TrustPolicyView } from '../../server/contract/trust.ts'
import { LoginGuard } from '../../server/core/login-guard.ts'
import { Logins } from '../../server/core/logins.ts'
import { PasswordHasher } from '../../server/core/passwords.ts'
import { Installs } from '../../server/core/installs.ts'
import { KickstartService } from '../../server/core/kickstart-service.ts'
import { Inventory } from '../../server/core/inventory.ts'
import { Overviews } from '../../server/core/overview.ts'
import { Profiles } from '../../server/core/profiles.ts'
import { Tokens } from '../../server/core/tokens.ts'
import { Users } from '../../server/core/users.ts'
import { loadTemplates } from '../../server/render/templates.ts'
import { openStore } from '../../server/store/store.ts'
import type { Store } from '../../server/store/store.ts'
import { testClock } from './clock.ts'
import type { TestClock } from './clock.ts'

export interface TestCore {
  store: Store
  clock: TestClock
  events: EventLog
  inventory: Inventory
  profiles: Profiles
  tokens: Tokens
  users: Users
  logins: Logins
  audit: AuditLog
  installs: Installs
  bulk: BulkChanges
  claims: Claims
  documents: Documents
  answers: Answers
  overviews: Overviews
  kickstarts: KickstartService
  catalog: FakeCatalog
  trust: FakeTrust
  contents: FakeContents
  /** Boot media by id. */
  media: Map<string, BootMedium>
  medium: (id: string) => Required<BootMedium> | undefined
}

interface BootMedium {
  release: KickstartRelease
  architecture: Architecture
  boot?: MediaBootFiles
}

const templates = await loadTemplates(join(import.meta.dirname, '../../templates'))
/** As lorax makes them. */
export const BOOT_FILES: MediaBootFiles = {
  kernel: 'images/pxeboot/vmlinuz',
  initrd: 'images/pxeboot/initrd.img',
  stage2: 'images/install.img',
  shim: 'EFI/BOOT/BOOTX64.EFI',
  grub: 'EFI/BOOT/grubx64.efi',
}
const REGISTRY = 'landfall.test:8443'
const HTTPS = 'https://landfall.test:8443'

/** All services as server/main.ts builds them. `file` is a path for tests that reopen it. */
export function testCore({
  file = ':memory:',
  clock = testClock(),
  diskImage,
}: { file?: string; clock?: TestClock; diskImage?: DiskImageTask } = {}): TestCore {
  const store = openStore(file)
  const { transactions } = store
  const events = new EventLog({ store: store.events, transactions, clock })
  const tokens = new Tokens({ ...store, events, clock })
  const audit = new AuditLog({ ...store, clock })
  // As cheap as scrypt gets: what it costs is not what tests are about.
  const passwords = new PasswordHasher({ cost: { ln: 1, r: 1, p: 1 } })
  const guard = new LoginGuard(clock)
  const users = new Users({ ...store, tokens, passwords, guard, events, clock })
  const logins = new Logins({ ...store, tokens, passwords, guard, events, audit, clock })
  const inventory = new Inventory({ ...store, events, clock })
  const profiles = new Profiles({ profiles: store.profiles, events, transactions, clock })
  const catalog = new FakeCatalog()
  const trust = new FakeTrust(clock)
  const contents = new FakeContents()
  const media: TestCore['media'] = new Map()
  const medium = (id: string) => {
    const found = media.get(id)
    return found && { boot: BOOT_FILES, ...found }
  }
  const renderer = kickstartRenderer({
    templates,
    registry: REGISTRY,
    httpsUrl: HTTPS,
    ca: 'CA',
    medium,
  })
  const isPublic = (repository: string) => !repository.startsWith('private/')
  const installs = new Installs({
    ...store,
    inventory,
    tokens,
    images: catalog,
    trust,
    contents,
    events,
    clock,
    registry: REGISTRY,
    isPublic,
    serverName: 'landfall.test',
    kickstarts: renderer,
    medium,
    diskImage,
  })
  const bulk = new BulkChanges({ ...store, inventory, installs })
  const claims = new Claims({ inventory, transactions })
  const documents = new Documents({ inventory, profiles, store, transactions })
  const answers = new Answers({ store: store.answers, clock })
  const overviews = new Overviews({ ...store, clock })
  const kickstarts = new KickstartService({
    ...store,
    inventory,
    installs,
    installStore: store.installs,
    tokens,
    events,
    clock,
    renderer,
    httpsUrl: HTTPS,
    isPublic,
  })
  return {
    store,
    clock,
    events,
    inventory,
    profiles,
    tokens,
    users,
    logins,
    audit,
    installs,
    bulk,
    claims,
    documents,
    answers,
    overviews,
    kickstarts,
    catalog,
    trust,
    contents,
    media,
    medium,
  }
}

/** Knows `os/web:stable` and `os/web:next` for amd64, and what tests add. */
class FakeCatalog implements Pick<ImageCatalog, 'resolve'> {
  readonly images = new Map<string, string>([
    ['amd64 os/web:stable', digestOf('a')],
    ['amd64 os/web:next', digestOf('b')],
  ])
  /** Each question asked, as `architecture reference`. */
  readonly asked: string[] = []

  resolve(reference: string, architecture: string): ReturnType<ImageCatalog['resolve']> {
    const key = `${architecture} ${reference}`
    this.asked.push(key)
    const digest = this.images.get(key)
    if (digest) return Promise.resolve(resolved(reference, digest))
    const known = [...this.images.keys()].some((image) => image.endsWith(` ${reference}`))
    return Promise.resolve({
      code: known ? 'ARCHITECTURE_MISMATCH' : 'IMAGE_NOT_FOUND',
      message: `no ${reference} for ${architecture}`,
    })
  }
}

/** Judges every image by one basis, which tests change; accepts all until then. */
class FakeTrust implements TrustGate {
  basis: TrustBasis = { policy: { require: 'accept', pattern: '*' }, evidence: [] }
  readonly #clock: TestClock

  constructor(clock: TestClock) {
    this.#clock = clock
  }

  async check(image: { repository: string; digest: string }) {
    const { basis } = this
    return { basis, verdict: await judge(basis, image, this.#clock.now()) }
  }

  policies(): TrustPolicyView[] {
    return []
  }
}

/** Has one verdict on every image, which tests change; all were read until then. */
class FakeContents implements ContentGate {
  verdict: ContentVerdict = { state: 'read', layers: [] }
  readonly #news = new EventEmitter()

  check(): Promise<ContentVerdict> {
    return Promise.resolve(this.verdict)
  }

  async settled(): Promise<void> {
    await once(this.#news, 'settled')
  }

  change(verdict: ContentVerdict): void {
    this.verdict = verdict
    this.#news.emit('settled')
  }
}

/** `sha256:` and 64 times the digit. */
export function digestOf(digit: string): string {
  return `sha256:${digit.repeat(64)}`
}

export const MAC = '52:54:00:12:34:56'
export const UUID = '4c4c4544-0043-3510-8052-b4c04f4a4b31'

export function facts(change: Partial<Facts> = {}): Facts {
  return {
    collectedAt: '2026-01-31T12:00:00.000Z',
    architecture: 'amd64',
    firmware: 'uefi',
    secureBoot: false,
    smbios: { uuid: UUID, vendor: 'Dell Inc.', product: 'PowerEdge R650', serial: 'C5QRKJ1' },
    cpu: { model: 'Xeon', sockets: 2, cores: 32, threads: 64 },
    memoryBytes: 2 ** 37,
    nics: [nic(MAC, true)],
    disks: [],
    installer: { kernel: '6.12.0', version: '0.1.0' },
    ...change,
  }
}

export function nic(mac: string, boot = false): Facts['nics'][number] {
  return { name: 'eno1', mac, link: true, addresses: [], boot }
}

function resolved(reference: string, digest: string): ResolvedImage {
  const [repository = ''] = reference.split(':')
  return { reference, repository, digest, followReference: reference, size: 1000 }
}
