// Why an install, or the agent itself, could not go on.
import { CodedError } from '../../server/contract/coded-error.ts'
import { Failure, ReasonCode } from '../../server/contract/install.ts'
import type { InstallStepName } from '../../server/contract/install.ts'

/** A failure with a stable reason code and, where a person can act, a hint that names the next step. */
export class AgentError extends CodedError<ReasonCode> {
  override readonly name = 'AgentError'
}

/** What an unexpected error most likely means in each step. */
const STEP_CODES: Partial<Record<InstallStepName, ReasonCode>> = {
  partition: 'DISK_IO',
  deploy: 'DEPLOY_FAILED',
  bootloader: 'BOOTLOADER_FAILED',
  configure: 'CONFIGURE_FAILED',
  finalize: 'DISK_IO',
}

/** Codes of system errors and of the parts below (stream, ostree, link) that are not reason codes themselves. */
const INNER_CODES: Record<string, ReasonCode> = {
  ENOSPC: 'NO_SPACE',
  EDQUOT: 'NO_SPACE',
  EIO: 'DISK_IO',
  EROFS: 'DISK_IO',
  ABORT_ERR: 'CANCELLED',
  ECONNREFUSED: 'NETWORK',
  ECONNRESET: 'NETWORK',
  EHOSTUNREACH: 'NETWORK',
  ENETUNREACH: 'NETWORK',
  ETIMEDOUT: 'NETWORK',
  EPIPE: 'NETWORK',
  UNREACHABLE: 'NETWORK',
  BUSY: 'NETWORK',
  FETCH_FAILED: 'NETWORK',
  FETCH_REFUSED: 'IMAGE_NOT_FOUND',
  READ_FAILED: 'MEDIUM_UNREADABLE',
  ABORTED: 'CANCELLED',
  COMPRESSION_UNSUPPORTED: 'IMAGE_UNSUPPORTED',
  FILE_TYPE_UNSUPPORTED: 'IMAGE_UNSUPPORTED',
  TAR_UNSUPPORTED: 'IMAGE_UNSUPPORTED',
  MANIFEST_INVALID: 'IMAGE_INVALID',
  CHUNK_INVALID: 'IMAGE_INVALID',
  COMPRESSION_INVALID: 'LAYER_INVALID',
  HARDLINK_TARGET_MISSING: 'LAYER_INVALID',
  PATH_CONFLICT: 'LAYER_INVALID',
  TAR_INVALID: 'LAYER_INVALID',
  TAR_LIMIT: 'LAYER_INVALID',
  TAR_TRUNCATED: 'LAYER_INVALID',
  WHITEOUT_INVALID: 'IMAGE_INVALID',
  OBJECT_INVALID: 'DEPLOY_FAILED',
  OBJECT_MISSING: 'DEPLOY_FAILED',
  REPO_INVALID: 'DEPLOY_FAILED',
  XATTR_FAILED: 'DEPLOY_FAILED',
  REPO_IO: 'DISK_IO',
}

const HINTS: Partial<Record<ReasonCode, string>> = {
  NO_SPACE: 'choose a larger disk or a smaller image',
  DISK_IO: 'look at the disk: the kernel log on this console may show read or write errors',
  DIGEST_MISMATCH: 'import the image into Landfall again; if it happens again, check the network and the server disk',
  TOO_MANY_FILES: 'build the image so that its files come in several layers',
  LAYER_BOMB: 'nothing of this image is to be trusted: find out who built it',
  PATH_INVALID: 'nothing of this image is to be trusted: find out who built it',
  LAYER_INVALID: 'the image itself is damaged: build or copy it again',
  DIFFID_MISMATCH: 'the image itself is inconsistent: build or copy it again',
  MEDIUM_UNREADABLE: 'the stick or CD is damaged or was taken out: put it back, or write it again',
  NETWORK: 'check cabling and that the server is reachable from this network',
}

/**
 * Phrases any thrown value as the failure the server stores. Errors that carry a reason code keep it; codes of
 * system errors and inner parts are mapped; everything else gets the code of the step it happened in.
 */
export function toFailure(error: unknown, step: InstallStepName): Failure {
  const { code, message, hint } = describe(error)
  const reason = reasonOf(code) ?? STEP_CODES[step] ?? 'INTERNAL'
  const advice = hint ?? HINTS[reason]
  return { code: reason, message, ...(advice === undefined ? {} : { hint: advice }) }
}

function reasonOf(code: unknown): ReasonCode | undefined {
  const known = ReasonCode.safeParse(code)
  if (known.success) return known.data
  return typeof code === 'string' ? INNER_CODES[code] : undefined
}

function describe(error: unknown): { code: unknown; message: string; hint?: string | undefined } {
  if (!(error instanceof Error)) return { code: undefined, message: String(error) }
  if (error.name === 'AbortError') return { code: 'CANCELLED', message: 'the install was cancelled' }
  const { code, hint } = error as Error & { code?: unknown; hint?: unknown }
  // A full disk below says more than the wrapper around it; so does any known cause of a wrapper without a known code.
  const cause = error.cause instanceof Error ? describe(error.cause).code : undefined
  const deeper = reasonOf(code) === undefined || reasonOf(cause) === 'NO_SPACE' ? (cause ?? code) : code
  return { code: deeper, message: error.message, ...(typeof hint === 'string' ? { hint } : {}) }
}
