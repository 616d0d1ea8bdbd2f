// What the protocol library throws, in sentences with a next step. Its own errors hold claims and answers: they go no further.
import {
  AuthorizationResponseError,
  ClientError,
  ResponseBodyError,
  WWWAuthenticateChallengeError,
} from 'openid-client'
import { OidcError } from './errors.ts'

const AGAIN = 'begin the login again'

/** Undefined for errors of our own. */
export function failureOf(error: unknown, issuer: string): OidcError | undefined {
  if (!(error instanceof Error)) return undefined
  for (let inner: unknown = error; inner instanceof Error; inner = inner.cause)
    if (inner instanceof OidcError) return inner
  if (error instanceof AuthorizationResponseError) return denied(error.error)
  if (error instanceof WWWAuthenticateChallengeError) return clientRefused(issuer)
  if (error instanceof ResponseBodyError) return refusedByToken(error.error, issuer)
  return error instanceof ClientError ? invalidAnswer(error, issuer) : undefined
}

function denied(code: string): OidcError {
  const hint = 'log in there with another account, or ask whoever runs the provider to let you use this application'
  return new OidcError('LOGIN_DENIED', `the OpenID provider ended the login: ${plain(code)}`, { hint })
}

function refusedByToken(code: string, issuer: string): OidcError {
  if (code === 'invalid_grant') {
    const message = 'the OpenID provider does not take the code of this login: it was used before or has expired'
    return new OidcError('CODE_REFUSED', message, { hint: AGAIN })
  }
  if (code === 'invalid_client' || code === 'unauthorized_client') return clientRefused(issuer)
  const hint = 'look at how this application is registered there: authorisation code, PKCE (S256), redirect address'
  return new OidcError('PROVIDER_INVALID', `the OpenID provider ${issuer} refused the login: ${plain(code)}`, { hint })
}

function clientRefused(issuer: string): OidcError {
  return new OidcError('CLIENT_REFUSED', `the OpenID provider ${issuer} does not let this server in as its client`, {
    hint: 'compare oidc.clientId, and what is in oidc.clientSecretFile, with the registration there; then restart the server',
  })
}

function invalidAnswer(error: ClientError, issuer: string): OidcError {
  const { message, cause } = error.cause instanceof Error ? error.cause : new Error(error.message)
  switch (error.code) {
    case 'OAUTH_JWT_TIMESTAMP_CHECK_FAILED':
      return clocksDiffer(issuer)
    case 'OAUTH_KEY_SELECTION_FAILED':
      return unknownKey(issuer)
    case 'OAUTH_JWT_CLAIM_COMPARISON_FAILED':
      return mismatch(claimOf(cause))
    case 'OAUTH_INVALID_RESPONSE':
      if (message.includes('signature')) return unknownKey(issuer)
      break
    case 'OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED':
      return new OidcError('PROVIDER_INVALID', `what answers at ${issuer} calls itself by another name`, {
        hint: 'set oidc.issuer to exactly what its /.well-known/openid-configuration has as `issuer`',
      })
    case undefined:
    default:
  }
  const reason = message === error.message ? message : `${error.message} (${message})`
  return new OidcError('PROVIDER_INVALID', `the OpenID provider ${issuer} does not answer as it should: ${reason}`, {
    hint: 'see whether oidc.issuer is right: its /.well-known/openid-configuration must be JSON',
  })
}

function clocksDiffer(issuer: string): OidcError {
  return new OidcError('CLOCKS_DIFFER', `the token of ${issuer} is not valid at the time that this server has`, {
    hint: 'set the clocks of both by the same time server (chronyc tracking); half a minute of difference is let pass',
  })
}

function unknownKey(issuer: string): OidcError {
  return new OidcError('KEY_UNKNOWN', `the token is signed by no key that ${issuer} publishes`, {
    hint: 'begin again in a minute: the provider may have taken a new key just now; if that stays so, ask whoever runs it',
  })
}

function mismatch(claim: string): OidcError {
  return new OidcError('TOKEN_MISMATCH', `the token of the OpenID provider is not for this login: other ${claim}`, {
    hint: `${AGAIN}; if that stays so, compare oidc.issuer and oidc.clientId with the registration there`,
  })
}

function claimOf(cause: unknown): string {
  return plain(String((cause as { claim?: unknown } | undefined)?.claim ?? 'claim'))
}

/** Texts from outside that stand in a sentence of ours. */
function plain(code: string): string {
  return /^[\w.-]{1,60}$/.test(code) ? code : 'with a reason that is no OAuth code'
}
