// Header names in the spelling old boot firmware looks for.
import { ServerResponse } from 'node:http'
import type { OutgoingHttpHeader, OutgoingHttpHeaders } from 'node:http'

/**
 * A response whose header names are sent as `Content-Length`, not `content-length`. The fetch API lower-cases names, which HTTP
 * allows, but GRUB compares them case-sensitively and without a length it cannot load a file (grub-core/net/http.c).
 */
export class CanonicalCaseResponse extends ServerResponse {
  override writeHead(
    status: number,
    reason?: string | OutgoingHttpHeaders | OutgoingHttpHeader[],
    headers?: OutgoingHttpHeaders | OutgoingHttpHeader[],
  ): this {
    if (typeof reason === 'string') return super.writeHead(status, reason, canonical(headers))
    return super.writeHead(status, canonical(reason))
  }
}

/**
 * The spelling of RFC 9110: each part between hyphens with a capital.
 *
 * @example canonicalName('content-length') // 'Content-Length'
 */
export function canonicalName(name: string): string {
  if (name.toLowerCase() === 'etag') return 'ETag'
  return name.replace(/(^|-)([a-z])/g, (_, hyphen: string, letter: string) => hyphen + letter.toUpperCase())
}

function canonical<T extends OutgoingHttpHeaders | OutgoingHttpHeader[] | undefined>(headers: T): T {
  if (headers === undefined || Array.isArray(headers)) return headers
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [canonicalName(name), value])) as T
}
