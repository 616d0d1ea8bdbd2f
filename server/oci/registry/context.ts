// What the parts of the registry work with.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Context } from 'hono'
import type { ImageRecords } from '../../core/images.ts'
import type { BlobStore } from '../blob-store.ts'
import type { PullThrough } from '../pull-through.ts'
import type { UploadStore } from '../upload-store.ts'
import type { RegistryAccess, RegistryCaller } from './access.ts'
import type { PullTurns } from './pull-turns.ts'

/** A manifest that somebody wants to put into a repository. */
interface JudgedManifest {
  repository: string
  /** Tags it shall have. */
  tags: readonly string[]
  digest: string
  mediaType: string
  bytes: Uint8Array
}

/** What became of a repository by a request. */
export type RegistryChange =
  | { type: 'pushed'; repository: string; tag: string; digest: string; actor: string }
  | { type: 'removed'; repository: string; tag: string; actor: string }

export interface RegistryOptions {
  blobs: BlobStore
  uploads: UploadStore
  records: ImageRecords
  access: RegistryAccess
  /** Refuses a manifest by throwing OciError or RegistryError, before anything refers to it: the port for a policy of trust. */
  judge?: (manifest: JudgedManifest) => Promise<void>
  /** Fetches what repositories of other registries lack. */
  through?: PullThrough
  /** Whether an install that is under way needs this manifest. */
  isInstalling?: (digest: string) => boolean
  /** Only pulls that are for anybody, and no credentials: for listeners without TLS. */
  publicOnly?: boolean
  onChange?: (change: RegistryChange) => void
  /** A manifest was read. */
  onRead?: (repository: string, digest: string) => void
  /** Hears of errors that are this server's fault. */
  onError?: (error: unknown) => void
  now?: () => Date
}

/** For the handlers of requests. */
export interface Registry extends Required<Omit<RegistryOptions, 'through'>>, Pick<RegistryOptions, 'through'> {
  turns: PullTurns
}

export interface RegistryEnv {
  /** Absent when a test calls the app in memory. */
  Bindings: Partial<{ incoming: IncomingMessage; outgoing: ServerResponse }>
  Variables: { registryCaller: RegistryCaller | undefined }
}
export type RegistryContext = Context<RegistryEnv>
