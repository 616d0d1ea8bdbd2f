// What the HTTP side asks of the rest of the server. main.ts fills it.
import type { Readable } from 'node:stream'
import type { Image, ImageProgress, PullRequest } from '../contract/image.ts'
import type { CheckReport, GarbageReport, ImageRoom } from '../contract/image-upkeep.ts'
import type { Lease, SystemInfo } from '../contract/system.ts'
import type { SnapshotRequest } from '../contract/snapshot.ts'
import type { TrustPolicyView } from '../contract/trust.ts'
import type { Answers } from '../core/answers.ts'
import type { AuditLog } from '../core/audit.ts'
import type { Claims } from '../core/claims.ts'
import type { Documents } from '../core/documents.ts'
import type { EventLog } from '../core/events.ts'
import type { ImageTracks } from '../core/image-tracks.ts'
import type { ImageCatalog } from '../core/images.ts'
import type { Installs } from '../core/installs.ts'
import type { BulkChanges } from '../core/bulk-changes.ts'
import type { Inventory } from '../core/inventory.ts'
import type { ImageInspector } from '../inspect/image-inspector.ts'
import type { KickstartService } from '../core/kickstart-service.ts'
import type { Logins } from '../core/logins.ts'
import type { OidcLogins } from '../core/oidc-logins.ts'
import type { Overviews } from '../core/overview.ts'
import type { Profiles } from '../core/profiles.ts'
import type { Tokens } from '../core/tokens.ts'
import type { Users } from '../core/users.ts'
import type { Webhooks } from '../core/webhooks.ts'
import type { Screenshots } from '../bmc/screenshots.ts'
import type { MediaLibrary } from '../media/media-library.ts'
import type { Bundles } from '../oci/bundles.ts'
import type { NetworkSetup } from '../setup/network-setup.ts'
import type { BootTrace } from '../trace/trace.ts'

export type OnImageProgress = (progress: Extract<ImageProgress, { type: 'progress' }>) => void

/** The image store and the operations that fill it. Both operations verify what they store and publish a tag only when it is whole. */
interface ImageOperations extends ImageCatalog {
  pull(request: PullRequest, onProgress: OnImageProgress, signal?: AbortSignal): Promise<Image>
  /** Reads a tar of an OCI layout to its end; `as` names the image. */
  importArchive(
    archive: Readable,
    as: string | undefined,
    onProgress: OnImageProgress,
    signal?: AbortSignal,
  ): Promise<Image[]>
  /** By tag or digest. False when there was none; throws OciError IMAGE_IN_USE. */
  remove(repository: string, reference: string): Promise<boolean>
}

interface UpkeepOptions {
  onProgress?: (done: number, total: number) => void
  signal?: AbortSignal
}

/** What keeps the image store small and sound. */
interface ImageUpkeep {
  collect(options: UpkeepOptions & { dryRun?: boolean }): Promise<GarbageReport>
  check(options: UpkeepOptions & { repair?: boolean }): Promise<CheckReport>
  room(): Pick<ImageRoom, 'storedBytes' | 'maxBytes'>
}

export interface Services {
  inventory: Inventory
  bulk: BulkChanges
  claims: Claims
  documents: Documents
  overviews: Overviews
  profiles: Profiles
  installs: Installs
  kickstarts: KickstartService
  tokens: Tokens
  users: Users
  logins: Logins
  /** Undefined without `[oidc]`. */
  oidc: OidcLogins | undefined
  audit: AuditLog
  answers: Answers
  events: EventLog
  images: ImageOperations
  /** Brings in all of an image of another registry's repository. */
  prefetch: { fetch(reference: string, onProgress: OnImageProgress, signal?: AbortSignal): Promise<Image> }
  upkeep: ImageUpkeep
  inspector: ImageInspector
  bundles: Pick<Bundles, 'make' | 'take'>
  tracks: ImageTracks
  trust: { policies(): TrustPolicyView[] }
  media: MediaLibrary
  /** Copies of the database; resolves to the name of the file. */
  snapshots: {
    take(
      request: SnapshotRequest,
      onProgress: (done: number, total: number) => void,
      signal?: AbortSignal,
    ): Promise<string>
  }
  screenshots: Pick<Screenshots, 'take'>
  webhooks: Pick<Webhooks, 'receivers' | 'list' | 'replay'>
  trace: Pick<BootTrace, 'of' | 'knows' | 'pcap' | 'overview'>
  leases: () => Lease[]
  network: Pick<NetworkSetup, 'look' | 'check' | 'change'>
  system: () => SystemInfo
}
