// A real OpenID provider (oidc-provider from npm) on loopback, over TLS by a CA of its own, and a browser made of fetch and cookies.

import { createSign, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createRequire } from 'node:module'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { Agent, fetch, type Response } from 'undici'
import { freePort } from '../../server/host/free-port.ts'
import { issueCaCertificate, issueServerCertificate } from '../../server/pki/certificate.ts'

/** As much as the tests use of it; the package has no types. */
interface Provider {
  callback(): (request: IncomingMessage, response: ServerResponse) => void
}
const require = createRequire(import.meta.url)
const { Provider } = require('oidc-provider') as {
  Provider: new (issuer: string, configuration: object) => Provider
}

export const CLIENT = { id: 'landfall', secret: 'the secret of landfall, which nothing shows' }
export const PUBLIC_CLIENT = 'landfall-public'
export const CALLBACK = '/api/v1/login/oidc/callback'

type Claims = Record<string, unknown>

/** What the token endpoint does instead of what it should: changes the claims, or signs by a key that is not published. */
export interface Tampering {
  claims?: (claims: Claims) => Claims
  foreignKey?: boolean
}

export interface OidcServer extends AsyncDisposable {
  issuer: string
  /** PEM. */
  ca: string
  /** Groups by login name. */
  groups: Map<string, string[]>
  tampering: Tampering
  /** Path and body of everything that was asked of it. */
  requests: string[]
  /** Stops listening, until `start`. */
  stop(): Promise<void>
  start(): Promise<void>
}

export async function oidcServer(landfall: string): Promise<OidcServer> {
  const validity = { notBefore: new Date(Date.now() - 3_600_000), notAfter: new Date(Date.now() + 86_400_000) }
  const ca = await issueCaCertificate('CA of the provider', validity)
  const { key, certificate } = await issueServerCertificate(ca, ['localhost'], validity)
  const port = await freePort()
  const issuer = `https://localhost:${port}`
  const [signing, foreign] = [1, 2].map(() => generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey)
  const groups = new Map<string, string[]>()
  const state = { tampering: {} as Tampering }
  const redirects = {
    redirect_uris: [landfall + CALLBACK],
    response_types: ['code'],
    grant_types: ['authorization_code'],
  }
  const provider = new Provider(issuer, {
    clients: [
      { client_id: CLIENT.id, client_secret: CLIENT.secret, ...redirects },
      { client_id: PUBLIC_CLIENT, token_endpoint_auth_method: 'none', ...redirects },
    ],
    jwks: { keys: [{ ...signing!.export({ format: 'jwk' }), kid: 'one', use: 'sig', alg: 'RS256' }] },
    cookies: { keys: ['a key of cookies'] },
    claims: { openid: ['sub'], profile: ['preferred_username'], groups: ['groups'] },
    pkce: { required: () => true },
    // The login name with `+1` behind it is another person of the same name.
    findAccount: (_: unknown, id: string) => ({
      accountId: id,
      claims: () => ({ sub: id, preferred_username: id.split('+')[0], groups: groups.get(id) }),
    }),
  })
  const answer = provider.callback()
  const requests: string[] = []
  const server = createServer({ key, cert: certificate }, (request, response) => {
    requests.push(`${request.method} ${request.url}`)
    if (request.url === '/token') tamper(response, state.tampering, signing!, foreign!)
    answer(request, response)
  })
  const start = async () => {
    server.listen(port, 'localhost')
    await once(server, 'listening')
  }
  const stop = async () => {
    server.closeAllConnections()
    await new Promise((closed) => server.close(closed))
  }
  await start()
  if ((server.address() as AddressInfo).port !== port) throw new Error('another port')
  return Object.assign(state, {
    issuer,
    ca: ca.certificate,
    groups,
    requests,
    start,
    stop,
    [Symbol.asyncDispose]: async () => {
      if (server.listening) await stop()
    },
  })
}

/** Takes the place of the answer's body before it is sent. */
function tamper(
  response: ServerResponse,
  { claims, foreignKey = false }: Tampering,
  own: KeyObject,
  foreign: KeyObject,
) {
  if (!claims && !foreignKey) return
  const end = response.end.bind(response)
  response.end = ((body: string | Buffer) => {
    const tokens = JSON.parse(body.toString()) as { id_token: string }
    const [header, payload] = tokens.id_token.split('.')
    const changed = claims?.(JSON.parse(Buffer.from(payload!, 'base64url').toString()) as Claims)
    const signed = `${header}.${changed ? Buffer.from(JSON.stringify(changed)).toString('base64url') : payload}`
    const signature = createSign('RSA-SHA256')
      .update(signed)
      .sign(foreignKey ? foreign : own, 'base64url')
    const text = JSON.stringify({ ...tokens, id_token: `${signed}.${signature}` })
    response.setHeader('Content-Length', Buffer.byteLength(text))
    return end(text)
  }) as typeof response.end
}

/** Follows redirects, keeps cookies by host, and fills in forms, as far as the login of the provider needs. */
export class SmallBrowser {
  readonly cookies = new Map<string, Map<string, string>>()
  readonly #dispatcher: Agent

  constructor(ca: string[]) {
    this.#dispatcher = new Agent({ connect: { ca }, pipelining: 0 })
  }

  async request(url: string, form?: URLSearchParams): Promise<Response> {
    const { hostname } = new URL(url)
    const jar = this.cookies.get(hostname) ?? new Map<string, string>()
    this.cookies.set(hostname, jar)
    const answer = await fetch(url, {
      redirect: 'manual',
      dispatcher: this.#dispatcher,
      headers: { accept: 'text/html', cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; ') },
      ...(form && { method: 'POST', body: form }),
    })
    for (const line of answer.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line)!
      if (value === '' || /max-age=0/i.test(line)) jar.delete(name!)
      else jar.set(name!, value!)
    }
    return answer
  }

  /** Goes on from there, logging in as this person and agreeing, until an address of `host` answers with anything but a redirect, or is `until`. */
  async travel(start: string, person: string, until?: string): Promise<{ url: string; answer: Response | undefined }> {
    let url = start
    let form: URLSearchParams | undefined
    for (let step = 0; step < 20; step++) {
      if (until !== undefined && new URL(url).pathname === until) return { url, answer: undefined }
      const answer = await this.request(url, form)
      form = undefined
      const location = answer.headers.get('location')
      if (location !== null) {
        url = new URL(location, url).href
        continue
      }
      const isForm =
        answer.headers.get('content-type')?.startsWith('text/html') && new URL(url).pathname.startsWith('/interaction/')
      if (!isForm) return { url, answer }
      const prompt = /name="prompt" value="(\w+)"/.exec(await answer.text())![1]!
      form = new URLSearchParams({ prompt, login: person, password: 'any' })
    }
    throw new Error(`no end of redirects at ${url}`)
  }
}
