// The OpenID provider: discovery, authorisation code with PKCE, state and nonce, and claims out of a token whose signature was checked.
import {
  authorizationCodeGrant,
  buildAuthorizationUrl,
  calculatePKCECodeChallenge,
  ClientSecretBasic,
  ClientSecretPost,
  clockTolerance,
  customFetch,
  discovery,
  enableNonRepudiationChecks,
  fetchUserInfo,
  None,
  randomNonce,
  randomPKCECodeVerifier,
  randomState,
} from 'openid-client'
import type { ClientAuth, Configuration, CustomFetch } from 'openid-client'
import type { LoginChecks, OidcProvider, Vouched } from '../core/oidc-logins.ts'
import { claimValues, shownName } from './claims.ts'
import type { Claims } from './claims.ts'
import { failureOf } from './failures.ts'
import { oidcTransport } from './transport.ts'

/** Of each request: somebody is waiting. */
const TIMEOUT_S = 10
/** Clocks are never quite the same. */
const TOLERANCE_S = 30
/** The provider may be changed meanwhile. */
const DISCOVERY_MS = 3_600_000

export interface OidcClientOptions {
  issuer: string
  clientId: string
  /** Undefined for a public client: PKCE alone. */
  secret: string | undefined
  scopes: readonly string[]
  /** That roles depend on. */
  claim: string
  ca: string[] | undefined
}

export class OidcClient implements OidcProvider {
  readonly #options: OidcClientOptions
  readonly #fetch: CustomFetch
  readonly #now: () => number
  #found: { configuration: Promise<Configuration>; until: number } | undefined

  constructor(options: OidcClientOptions, { now = Date.now }: { now?: () => number } = {}) {
    this.#options = options
    this.#fetch = oidcTransport(options.ca)
    this.#now = now
  }

  async begin(redirectUri: string): Promise<{ url: string; checks: LoginChecks }> {
    const checks = { state: randomState(), nonce: randomNonce(), verifier: randomPKCECodeVerifier() }
    const url = await this.#attempt(async (configuration) =>
      buildAuthorizationUrl(configuration, {
        redirect_uri: redirectUri,
        scope: [...new Set(['openid', ...this.#options.scopes])].join(' '),
        state: checks.state,
        nonce: checks.nonce,
        code_challenge: await calculatePKCECodeChallenge(checks.verifier),
        code_challenge_method: 'S256',
      }),
    )
    return { url: url.href, checks }
  }

  finish(answer: URL, { state, nonce, verifier }: LoginChecks): Promise<Vouched> {
    return this.#attempt(async (configuration) => {
      const tokens = await authorizationCodeGrant(configuration, answer, {
        expectedState: state,
        expectedNonce: nonce,
        pkceCodeVerifier: verifier,
        idTokenExpected: true,
      })
      const token = tokens.claims()!
      const { iss: issuer, sub: subject } = token
      const claims = await this.#withUserInfo(configuration, token, tokens.access_token)
      const values = claimValues(claims, this.#options.claim)
      return { identity: { issuer, subject }, name: shownName(claims, subject), values }
    })
  }

  /** Many providers keep the token small: what is not in it they tell when asked. */
  async #withUserInfo(configuration: Configuration, token: Claims & { sub: string }, access: string): Promise<Claims> {
    const isWhole = claimValues(token, this.#options.claim).length > 0
    if (isWhole || configuration.serverMetadata().userinfo_endpoint === undefined) return token
    return { ...(await fetchUserInfo(configuration, access, token.sub)), ...token }
  }

  async #attempt<T>(work: (configuration: Configuration) => Promise<T>): Promise<T> {
    try {
      return await work(await this.#configuration())
    } catch (error) {
      // Whatever is wrong may have been mended by the next attempt.
      this.#found = undefined
      throw failureOf(error, this.#options.issuer) ?? error
    }
  }

  #configuration(): Promise<Configuration> {
    const now = this.#now()
    if (this.#found && now < this.#found.until) return this.#found.configuration
    const configuration = this.#discover()
    this.#found = { configuration, until: now + DISCOVERY_MS }
    return configuration
  }

  #discover(): Promise<Configuration> {
    const { issuer, clientId, secret } = this.#options
    return discovery(
      new URL(issuer),
      clientId,
      { [clockTolerance]: TOLERANCE_S },
      secret === undefined ? None() : clientSecret(secret),
      { timeout: TIMEOUT_S, [customFetch]: this.#fetch, execute: [enableNonRepudiationChecks] },
    )
  }
}

/** As the provider takes it; without a word of it, as OpenID Connect has it by default. */
function clientSecret(secret: string): ClientAuth {
  const basic = ClientSecretBasic(secret)
  const post = ClientSecretPost(secret)
  return (server, ...rest) => {
    const { token_endpoint_auth_methods_supported: methods = ['client_secret_basic'] } = server
    return (methods.includes('client_secret_basic') ? basic : post)(server, ...rest)
  }
}
