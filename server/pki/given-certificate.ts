// A certificate of somebody else's CA, for clients that ask for the server by one of its names.
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { PkiError } from './errors.ts'
import type { KeyAndCertificate } from './certificate.ts'
import { readPem } from './files.ts'

export interface GivenCertificate extends KeyAndCertificate {
  /** DNS names it is for; `*.example` among them stands for one part. */
  names: string[]
}

/** Reads both files. Throws GIVEN_INVALID unless they belong together and name a host. */
export async function readGivenCertificate(files: { certificate: string; key: string }): Promise<GivenCertificate> {
  const [key, certificate] = await Promise.all([readPem(files.key), readPem(files.certificate)])
  if (key === undefined) throw invalid(files.key, 'it is not there')
  if (certificate === undefined) throw invalid(files.certificate, 'it is not there')
  try {
    const parsed = new X509Certificate(certificate)
    if (!parsed.checkPrivateKey(createPrivateKey(key)))
      throw invalid(files.key, `it is not the key of ${files.certificate}`)
    const names = [...(parsed.subjectAltName ?? '').matchAll(/DNS:([^,\s"]+)/g)].map((match) => match[1]!)
    if (names.length === 0) throw invalid(files.certificate, 'it names no host (subjectAltName)')
    return { key, certificate, names }
  } catch (cause) {
    if (cause instanceof PkiError) throw cause
    throw invalid(files.certificate, `not a PEM certificate with its key in ${files.key}`, cause)
  }
}

function invalid(file: string, why: string, cause?: unknown): PkiError {
  return new PkiError('GIVEN_INVALID', `reading ${file} (https.certificate, https.key): ${why}`, { cause })
}
