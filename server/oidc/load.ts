// The settings of `[oidc]` with the secret and the certificates of their files in them.
import { readCertificates, readSecret } from '../host/setting-files.ts'
import { OidcError } from './errors.ts'
import type { OidcClientOptions } from './client.ts'

export interface OidcFiles extends Omit<OidcClientOptions, 'secret' | 'ca'> {
  clientSecretFile?: string | undefined
  ca?: string | undefined
}

/** Throws OIDC_SETTINGS, which names the setting and the file. */
export function loadOidc({ issuer, clientId, scopes, claim, clientSecretFile, ca }: OidcFiles): OidcClientOptions {
  return {
    issuer,
    clientId,
    scopes,
    claim,
    secret: taken('clientSecretFile', clientSecretFile, readSecret),
    ca: taken('ca', ca, readCertificates),
  }
}

function taken<T>(key: string, file: string | undefined, read: (file: string) => T): T | undefined {
  if (file === undefined) return undefined
  try {
    return read(file)
  } catch (cause) {
    const hint = 'docs/how-to/people.md says what belongs into it'
    throw new OidcError('OIDC_SETTINGS', `oidc.${key}: ${(cause as Error).message}`, { cause, hint })
  }
}
