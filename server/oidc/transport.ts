// HTTP to an OpenID provider: trusted by the given certificates, of bounded size and time; what goes wrong is told as a sentence.
import type { CustomFetch } from 'openid-client'
import { undici } from '../host/undici.ts'
import { OidcError } from './errors.ts'

/** Keys, metadata and tokens are a few KiB. */
const MAX_ANSWER_BYTES = 2 ** 20

/** What Node calls certificates that lead to no CA it knows. */
const UNTRUSTED = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
])

/** Requests of the protocol library; they reject with PROVIDER_UNREACHABLE. */
export function oidcTransport(ca: string[] | undefined): CustomFetch {
  const { Agent, fetch } = undici()
  const dispatcher = new Agent({ connect: ca === undefined ? {} : { ca }, maxResponseSize: MAX_ANSWER_BYTES })
  return async (url, { body, headers, method, redirect, signal }) => {
    try {
      const answer = await fetch(url, {
        method,
        headers,
        redirect,
        dispatcher,
        ...(body instanceof URLSearchParams && { body: body.toString() }),
        ...(signal && { signal }),
      })
      const bytes = await answer.arrayBuffer()
      const kept = { status: answer.status, headers: [...answer.headers] }
      return new Response(bytes.byteLength === 0 ? null : bytes, kept)
    } catch (error) {
      throw unreachable(new URL(url), error as Error)
    }
  }
}

function unreachable({ host }: URL, error: Error): OidcError {
  const { code = '', message } = (error.cause ?? error) as Error & { code?: string }
  const isTimeout = error.name === 'TimeoutError'
  const why = isTimeout ? 'no answer in time' : message
  return new OidcError('PROVIDER_UNREACHABLE', `the OpenID provider at ${host} cannot be reached: ${why}`, {
    hint: UNTRUSTED.has(code)
      ? 'name the file with the certificate of its CA in oidc.ca, then restart the server'
      : 'see whether it runs, and whether this server may connect to it; meanwhile users with a password can log in',
  })
}
