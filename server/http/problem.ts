// The one place where errors become HTTP: RFC 9457 problem details with a stable code and a next step.
import type { Context } from 'hono'
import { HTTPException } from 'hono/http-exception'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { z } from 'zod'
import type { ReasonCode } from '../contract/install.ts'
import type { Problem } from '../contract/system.ts'
import { BmcError } from '../bmc/errors.ts'
import type { BmcErrorCode } from '../bmc/errors.ts'
import { CoreError } from '../core/errors.ts'
import { TooManyAttempts } from '../core/login-guard.ts'
import type { CoreErrorCode } from '../core/errors.ts'
import { DocumentError } from '../documents/errors.ts'
import { MediaError } from '../media/errors.ts'
import type { MediaErrorCode } from '../media/errors.ts'
import { OciError } from '../oci/errors.ts'
import type { OciErrorCode } from '../oci/errors.ts'
import { OidcError } from '../oidc/errors.ts'
import type { OidcErrorCode } from '../oidc/errors.ts'
import { SetupError } from '../setup/errors.ts'
import type { SetupErrorCode } from '../setup/errors.ts'

export type HttpProblemCode =
  | 'UNAUTHENTICATED'
  | 'FORBIDDEN'
  | 'CROSS_ORIGIN'
  | 'NOT_FOUND'
  | 'CONFLICT'
  | 'METHOD_NOT_ALLOWED'
  | 'BODY_INVALID'
  | 'BODY_TOO_LARGE'
  | 'MEDIA_TYPE'
  | 'VALIDATION'
  | 'NO_FACTS'
  | 'CLIENT_NOT_HEARD'
  | 'STOPPING'
  | 'CHANGED_MEANWHILE'
  | 'INTERNAL'

interface HttpProblemOptions {
  hint?: string | undefined
  cause?: unknown
  errors?: { path: string; message: string }[]
  headers?: Record<string, string>
}

/** A refusal that HTTP itself decides on. */
export class HttpProblem extends Error {
  override readonly name = 'HttpProblem'
  readonly status: ContentfulStatusCode
  readonly code: HttpProblemCode | ReasonCode
  readonly options: HttpProblemOptions

  constructor(
    status: ContentfulStatusCode,
    code: HttpProblemCode | ReasonCode,
    detail: string,
    options: HttpProblemOptions = {},
  ) {
    super(detail, options.cause === undefined ? undefined : { cause: options.cause })
    this.status = status
    this.code = code
    this.options = options
  }
}

const CORE_STATUS: Record<CoreErrorCode, ContentfulStatusCode> = {
  MACHINE_NOT_FOUND: 404,
  MACHINE_RETIRED: 409,
  MACHINE_BUSY: 409,
  PROFILE_NOT_FOUND: 404,
  INSTALL_NOT_FOUND: 404,
  INSTALL_OVER: 409,
  IMAGE_NOT_FOUND: 404,
  IMAGE_INVALID: 422,
  IMAGE_NOT_BOOTABLE: 422,
  DIGEST_MISMATCH: 422,
  SIZE_MISMATCH: 422,
  DIFFID_MISMATCH: 422,
  TOO_MANY_LAYERS: 422,
  LAYER_BOMB: 422,
  LAYER_INVALID: 422,
  PATH_INVALID: 422,
  IMAGE_UNSUPPORTED: 422,
  IMAGE_REJECTED: 422,
  DIGEST_NOT_PINNED: 422,
  IMAGE_UNSIGNED: 422,
  GPG_UNAVAILABLE: 503,
  SIGNATURE_INVALID: 422,
  SIGNER_UNTRUSTED: 422,
  SIGNING_KEY_EXPIRED: 422,
  SIGNING_KEY_REVOKED: 422,
  SIGNATURE_OTHER_DIGEST: 422,
  SIGNATURE_OTHER_REPOSITORY: 422,
  SIGNATURE_EXPIRED: 422,
  ARCHITECTURE_MISMATCH: 422,
  TOKEN_NOT_FOUND: 404,
  TOKEN_INVALID: 401,
  TOKEN_EXPIRED: 401,
  USER_NOT_FOUND: 404,
  LOGIN_REFUSED: 401,
  NO_ROLE: 403,
  USER_DISABLED: 403,
  TOO_MANY_ATTEMPTS: 429,
  OUT_OF_SCOPE: 403,
  DELIVERY_NOT_FOUND: 404,
  CONFLICT: 409,
  KEY_IN_USE: 409,
  KEY_REUSED: 422,
  VALIDATION: 400,
  EVENT_GAP: 409,
  WRONG_DIGEST: 409,
  MACHINE_MISMATCH: 403,
  MEDIA_NOT_FOUND: 404,
  FILE_NOT_FOUND: 404,
  KICKSTART_INVALID: 422,
  STORE_FULL: 507,
  STORE_UNAVAILABLE: 503,
}

const OCI_STATUS: Record<OciErrorCode, ContentfulStatusCode> = {
  REFERENCE_INVALID: 400,
  MANIFEST_INVALID: 422,
  MANIFEST_UNKNOWN: 404,
  BLOB_UNKNOWN: 404,
  DIGEST_MISMATCH: 422,
  SIZE_MISMATCH: 422,
  TOO_MANY_LAYERS: 422,
  PATH_INVALID: 422,
  ARCHIVE_INVALID: 422,
  UNAUTHORIZED: 502,
  REGISTRY_UNREACHABLE: 502,
  REGISTRY_ERROR: 502,
  UPSTREAM_INVALID: 500,
  NO_SPACE: 507,
  STORE_IO: 503,
  QUOTA_EXCEEDED: 507,
  IMAGE_IN_USE: 409,
  ABORTED: 503,
}

const MEDIA_STATUS: Record<MediaErrorCode, ContentfulStatusCode> = {
  NOT_AN_ISO: 422,
  ISO_CUT_SHORT: 422,
  ISO_TOO_LARGE: 422,
  CHECKSUM_WRONG: 422,
  MEDIA_UNSUPPORTED: 422,
  MEDIA_INVALID: 422,
  MEDIA_DAMAGED: 422,
  MEDIA_NOT_FOUND: 404,
  MEDIA_IN_USE: 409,
  XORRISO_MISSING: 503,
  XORRISO_FAILED: 422,
  NO_SPACE: 507,
  STORE_IO: 503,
  ABORTED: 503,
}

const OIDC_STATUS: Record<OidcErrorCode, ContentfulStatusCode> = {
  OIDC_SETTINGS: 500,
  PROVIDER_UNREACHABLE: 503,
  PROVIDER_INVALID: 503,
  CLIENT_REFUSED: 503,
  LOGIN_DENIED: 403,
  CODE_REFUSED: 401,
  TOKEN_MISMATCH: 401,
  KEY_UNKNOWN: 503,
  CLOCKS_DIFFER: 503,
}

const SETUP_STATUS: Record<SetupErrorCode, ContentfulStatusCode> = {
  LINK_UNKNOWN: 422,
  NO_ROOM: 422,
  SETTINGS_REFUSED: 422,
  SET_ELSEWHERE: 409,
  FILE_EXISTS: 409,
  NOT_WRITABLE: 503,
}

const BMC_STATUS: Record<BmcErrorCode, ContentfulStatusCode> = {
  BMC_NOT_SET: 409,
  BMC_ADDRESS_REFUSED: 422,
  BMC_UNREACHABLE: 502,
  BMC_CERTIFICATE_UNKNOWN: 409,
  BMC_CERTIFICATE_CHANGED: 409,
  BMC_LOGIN_REFUSED: 502,
  BMC_NOT_ALLOWED: 502,
  BMC_INVALID: 502,
  BMC_REFUSED: 502,
  BMC_OTHER_MACHINE: 409,
  BMC_POWERED_OFF: 409,
  BMC_NO_PICTURE: 422,
  BMC_BUSY: 503,
}

const TITLES: Partial<Record<number, string>> = {
  400: 'Bad request',
  401: 'Not authenticated',
  403: 'Not allowed',
  404: 'Not found',
  405: 'Method not allowed',
  409: 'Conflict',
  412: 'Changed meanwhile',
  413: 'Too large',
  415: 'Wrong media type',
  422: 'Cannot be processed',
  429: 'Too many attempts',
  500: 'Internal error',
  502: 'Trouble elsewhere',
  503: 'Not available now',
  507: 'Disk full',
}

/** What an error is to a client. An error nobody foresaw tells nothing of itself: it goes to the log. */
export function describeError(error: unknown): Omit<Problem, 'requestId'> & { headers?: Record<string, string> } {
  if (error instanceof HttpProblem) {
    const { hint, errors, headers } = error.options
    return {
      ...base(error.status, error.code, error.message, hint),
      ...(errors && { errors }),
      ...(headers && { headers }),
    }
  }
  if (error instanceof CoreError) {
    return {
      ...base(CORE_STATUS[error.code], error.code, error.message, error.hint),
      ...(error instanceof TooManyAttempts && { headers: { 'Retry-After': String(error.seconds) } }),
    }
  }
  if (error instanceof OciError) return base(OCI_STATUS[error.code], error.code, error.message, error.hint)
  if (error instanceof BmcError) {
    const { code, message, hint, certificate } = error
    return { ...base(BMC_STATUS[code], code, message, hint), ...(certificate !== undefined && { certificate }) }
  }
  if (error instanceof DocumentError) return base(422, error.code, error.message, error.hint)
  if (error instanceof MediaError) return base(MEDIA_STATUS[error.code], error.code, error.message, error.hint)
  if (error instanceof OidcError) return base(OIDC_STATUS[error.code], error.code, error.message, error.hint)
  if (error instanceof SetupError) return base(SETUP_STATUS[error.code], error.code, error.message, error.hint)
  if (error instanceof z.ZodError) return { ...base(400, 'VALIDATION', summary(error)), errors: fieldErrors(error) }
  if (error instanceof HTTPException && error.status < 500) {
    const code = error.status === 413 ? 'BODY_TOO_LARGE' : 'BODY_INVALID'
    return base(error.status, code, error.message || 'the request cannot be read')
  }
  const hint = "the server's log has the details under this request id"
  return base(500, 'INTERNAL', 'something went wrong inside the server', hint)
}

/** Answers an error as `application/problem+json`. Unforeseen ones and failing stores are logged. */
export function problemResponse(error: unknown, c: Context): Response {
  const { headers, ...problem } = describeError(error)
  const requestId = c.get('requestId') as string | undefined
  const body: Problem = { ...problem, ...(requestId !== undefined && { requestId }) }
  return c.body(JSON.stringify(body), problem.status as ContentfulStatusCode, {
    'Content-Type': 'application/problem+json',
    'Cache-Control': 'no-store',
    // RFC 9110 section 11.6.1 wants the scheme named with every 401.
    ...(problem.status === 401 && { 'WWW-Authenticate': 'Bearer realm="landfall"' }),
    ...headers,
  })
}

/** Throws VALIDATION with the fields at fault when a request does not follow its schema; for zod-openapi's default hook. */
export function refuseInvalid(result: { success: true } | { success: false; error: unknown }): undefined {
  if (result.success) return undefined
  throw result.error
}

function base(status: ContentfulStatusCode, code: string, detail: string, hint?: string): Omit<Problem, 'requestId'> {
  return {
    type: 'about:blank',
    title: TITLES[status] ?? 'Error',
    status,
    code,
    detail,
    ...(hint !== undefined && { hint }),
  }
}

function fieldErrors(error: z.ZodError): { path: string; message: string }[] {
  return error.issues.slice(0, 50).map(({ path, message }) => ({ path: path.map(String).join('.'), message }))
}

function summary(error: z.ZodError): string {
  const [first] = fieldErrors(error)
  const more = error.issues.length > 1 ? ` (and ${error.issues.length - 1} more)` : ''
  return `the request does not follow the schema: ${first?.path ? `${first.path}: ` : ''}${first?.message}${more}`
}
