// The HTTP client for other servers, loaded when it is needed first: it takes tens of megabytes, and most servers ask nobody.
import { createRequire } from 'node:module'

const load = createRequire(import.meta.url)

/** Once loaded it costs nothing to ask for it again. */
export function undici(): typeof import('undici') {
  return load('undici') as typeof import('undici')
}
