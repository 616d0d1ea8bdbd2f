// Where the agent's work comes from and where word of it goes: a server on the network, or the medium that started it.
import type { InstallTask, Task } from '../../../server/contract/agent.ts'
import type { ConfirmSettings } from '../../../server/contract/first-boot.ts'
import type { BlobSource } from '../stream/blob-source.ts'
import type { Session } from './session.ts'

/** The parts of an image. Nothing is verified here: whoever reads compares with the digest asked for. */
export interface ImageSource {
  /** A manifest or a configuration, whole. Throws ServerError, and AgentError IMAGE_NOT_FOUND. */
  bytes(kind: 'manifests' | 'blobs', repository: string, digest: string, signal?: AbortSignal): Promise<Buffer>
  /** Bytes of a blob, without reading it. Throws like `bytes`. */
  size(repository: string, digest: string, signal?: AbortSignal): Promise<number>
  /** Where a layer's blob is. */
  locate(repository: string, digest: string): BlobSource
}

/** Who agrees to a plan, keeps keys and hears of events: a server, or nobody but the person at the console. */
export type InstallLink = Pick<Session, 'sendPlan' | 'sendRecoveryKey' | 'sendEvents'>

/** The first-boot report of the system that will be installed. */
export interface Confirmation extends ConfirmSettings {
  /** PEM of the CA that the report trusts. */
  ca: string
}

/** An install and all that it takes. */
export interface InstallOrder {
  type: 'install'
  task: Pick<
    InstallTask,
    'installId' | 'spec' | 'image' | 'nextEvent' | 'diskImage' | 'trust' | 'pullToken' | 'readLayers' | 'formerKeys'
  >
  images: ImageSource
  link: InstallLink
  /** Undefined: nobody waits for a report, and the deployed system gets no unit for it. */
  confirmation: Confirmation | undefined
  /** Label of the medium that the installer came from, noted on the disk; undefined when it came over the network. */
  medium: string | undefined
}

type Order = InstallOrder | Exclude<Task, { type: 'wait' | 'install' }>

export interface TaskSource {
  /** The next thing to do, however long it takes until there is one. */
  next(): Promise<Order>
  /** Says that the order last given failed, so that the next one is waited for. */
  failed(): void
}
