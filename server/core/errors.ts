// What the core refuses, and how its stores fail.
import { CodedError } from '../contract/coded-error.ts'
import type { LayerProblemCode } from '../contract/layer-facts.ts'
import type { TrustCode } from '../contract/trust.ts'

export type CoreErrorCode =
  | TrustCode
  | LayerProblemCode
  | 'MACHINE_NOT_FOUND'
  | 'MACHINE_RETIRED'
  | 'MACHINE_BUSY'
  | 'PROFILE_NOT_FOUND'
  | 'INSTALL_NOT_FOUND'
  | 'INSTALL_OVER'
  | 'IMAGE_NOT_FOUND'
  | 'IMAGE_INVALID'
  | 'IMAGE_NOT_BOOTABLE'
  | 'TOO_MANY_LAYERS'
  | 'ARCHITECTURE_MISMATCH'
  | 'TOKEN_NOT_FOUND'
  | 'TOKEN_INVALID'
  | 'TOKEN_EXPIRED'
  | 'USER_NOT_FOUND'
  | 'LOGIN_REFUSED'
  /** Somebody is who they say, and may do nothing here. */
  | 'NO_ROLE'
  | 'USER_DISABLED'
  | 'TOO_MANY_ATTEMPTS'
  /** A machine would be beyond the reach of whoever changes it. */
  | 'OUT_OF_SCOPE'
  | 'DELIVERY_NOT_FOUND'
  | 'CONFLICT'
  /** An Idempotency-Key whose request is being carried out, or was another one. */
  | 'KEY_IN_USE'
  | 'KEY_REUSED'
  | 'VALIDATION'
  /** An agent skipped a number of its events. */
  | 'EVENT_GAP'
  /** The deployed system runs another digest than the one installed. */
  | 'WRONG_DIGEST'
  /** Another machine came with a machine's token. */
  | 'MACHINE_MISMATCH'
  | 'MEDIA_NOT_FOUND'
  | 'FILE_NOT_FOUND'
  /** No kickstart can be made of what is wanted. */
  | 'KICKSTART_INVALID'
  /** The disk that holds the database is full; nothing was changed. */
  | 'STORE_FULL'
  /** The database cannot be written or read now; nothing was changed. */
  | 'STORE_UNAVAILABLE'

/** An error people can act on; `code` is stable, `hint` names the next step. */
export class CoreError extends CodedError<CoreErrorCode> {
  override readonly name = 'CoreError'
}

/** Does what is nice to have: with a full or failing disk it is left out, so that what only reads goes on working. */
export function unlessStoreFails(work: () => unknown): void {
  try {
    work()
  } catch (error) {
    if (!(error instanceof CoreError) || (error.code !== 'STORE_FULL' && error.code !== 'STORE_UNAVAILABLE'))
      throw error
  }
}
