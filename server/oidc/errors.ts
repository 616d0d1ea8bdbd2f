// How an OpenID provider, or what it answers, can fail a login.
import { CodedError } from '../contract/coded-error.ts'

export type OidcErrorCode =
  /** What the configuration names cannot be used; the server does not start. */
  | 'OIDC_SETTINGS'
  | 'PROVIDER_UNREACHABLE'
  /** It answers, but not as OpenID Connect says. */
  | 'PROVIDER_INVALID'
  /** It does not know this client, or its secret is wrong. */
  | 'CLIENT_REFUSED'
  /** The person, or a rule of the provider, ended the login there. */
  | 'LOGIN_DENIED'
  /** Used already, expired, or begun elsewhere. */
  | 'CODE_REFUSED'
  /** The token is for another login, client or issuer. */
  | 'TOKEN_MISMATCH'
  /** No key of the provider made the signature. */
  | 'KEY_UNKNOWN'
  | 'CLOCKS_DIFFER'

/** Its message and hint are for people; neither they nor a cause hold codes, tokens or secrets. */
export class OidcError extends CodedError<OidcErrorCode> {
  override readonly name = 'OidcError'
}
