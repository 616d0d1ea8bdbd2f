// Refusals of the registry: codes and statuses of the distribution specification, as clients of any make understand them.
import type { Context } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { CodedError } from '../../contract/coded-error.ts'
import { OciError } from '../errors.ts'
import type { OciErrorCode } from '../errors.ts'

/** The specification's table, and UNKNOWN for what nobody foresaw. */
export type RegistryErrorCode =
  | 'BLOB_UNKNOWN'
  | 'BLOB_UPLOAD_INVALID'
  | 'BLOB_UPLOAD_UNKNOWN'
  | 'DIGEST_INVALID'
  | 'MANIFEST_BLOB_UNKNOWN'
  | 'MANIFEST_INVALID'
  | 'MANIFEST_UNKNOWN'
  | 'NAME_INVALID'
  | 'NAME_UNKNOWN'
  | 'SIZE_INVALID'
  | 'UNAUTHORIZED'
  | 'DENIED'
  | 'UNSUPPORTED'
  | 'TOOMANYREQUESTS'
  | 'UNKNOWN'

/** A refusal on its way to the client. */
export class RegistryError extends CodedError<RegistryErrorCode> {
  override readonly name = 'RegistryError'
  readonly status: ContentfulStatusCode
  readonly headers: Record<string, string>
  readonly detail: unknown

  constructor(
    status: ContentfulStatusCode,
    code: RegistryErrorCode,
    message: string,
    { headers = {}, detail }: { headers?: Record<string, string>; detail?: unknown } = {},
  ) {
    super(code, message)
    this.status = status
    this.headers = headers
    this.detail = detail
  }
}

const OF_STORE: Partial<Record<OciErrorCode, [ContentfulStatusCode, RegistryErrorCode]>> = {
  REFERENCE_INVALID: [400, 'NAME_INVALID'],
  MANIFEST_INVALID: [400, 'MANIFEST_INVALID'],
  BLOB_UNKNOWN: [404, 'BLOB_UNKNOWN'],
  DIGEST_MISMATCH: [400, 'DIGEST_INVALID'],
  SIZE_MISMATCH: [400, 'SIZE_INVALID'],
  NO_SPACE: [507, 'DENIED'],
  QUOTA_EXCEEDED: [507, 'DENIED'],
  STORE_IO: [503, 'UNKNOWN'],
  // Of the registry that a repository is fetched from.
  REGISTRY_UNREACHABLE: [502, 'UNKNOWN'],
  REGISTRY_ERROR: [502, 'UNKNOWN'],
  UNAUTHORIZED: [502, 'UNKNOWN'],
  MANIFEST_UNKNOWN: [404, 'MANIFEST_UNKNOWN'],
  ABORTED: [409, 'BLOB_UPLOAD_INVALID'],
}

/** The registry's form of an error; undefined for one nobody foresaw. */
function known(error: unknown): RegistryError | undefined {
  if (error instanceof RegistryError) return error
  // As the database says it.
  if ((error as { code?: unknown }).code === 'STORE_FULL') {
    return new RegistryError(507, 'DENIED', 'the disk of the data folder is full')
  }
  if (!(error instanceof OciError)) return undefined
  const [status, code] = OF_STORE[error.code] ?? [500, 'UNKNOWN']
  return new RegistryError(status, code, error.hint === undefined ? error.message : `${error.message}; ${error.hint}`)
}

/** Answers an error in the specification's JSON. `onUnforeseen` hears of what is this server's fault. */
export function failureResponse(error: unknown, c: Context, onUnforeseen: (error: unknown) => void): Response {
  const refusal = known(error)
  if (!refusal || refusal.status === 503) onUnforeseen(error)
  const { status, code, message, detail, headers } = refusal ?? {
    status: 500 as const,
    code: 'UNKNOWN' as const,
    message: "internal error; the server's log has the details",
    detail: undefined,
    headers: {},
  }
  return c.json({ errors: [{ code, message, ...(detail !== undefined && { detail }) }] }, status, headers)
}
