// The settings of `[oidc]` with the secret and the certificates of their files in them.
import { X509Certificate } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { rootCertificates } from 'node:tls'
import { OidcError } from './errors.ts'
import type { OidcClientOptions } from './client.ts'

/** The bundle of a whole distribution has a quarter of it. */
const MAX_FILE_BYTES = 2 ** 20

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
    secret: clientSecretFile === undefined ? undefined : secret(clientSecretFile),
    ca: ca === undefined ? undefined : certificates(ca),
  }
}

function secret(file: string): string {
  const text = read('clientSecretFile', file).replace(/\r?\n$/, '')
  if (text === '') throw invalid(`oidc.clientSecretFile: ${file} is empty`)
  return text
}

function certificates(file: string): string[] {
  const text = read('ca', file)
  try {
    new X509Certificate(text)
  } catch (cause) {
    throw invalid(`oidc.ca: ${file} holds no certificate (PEM)`, cause)
  }
  return [text, ...rootCertificates]
}

function read(key: string, file: string): string {
  try {
    const { size } = statSync(file)
    if (size > MAX_FILE_BYTES) throw new Error(`${file}: ${size} bytes are too many`)
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw invalid(`oidc.${key}: ${(cause as Error).message}`, cause)
  }
}

function invalid(message: string, cause?: unknown): OidcError {
  const hint = 'docs/how-to/people.md says what belongs into it'
  return new OidcError('OIDC_SETTINGS', message, { cause, hint })
}
