// The TLS certificate of this server: kept while it fits, issued anew when an address is missing or its end is near.
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import { join } from 'node:path'
import { BACKDATED_START, yearsAfter } from './authority.ts'
import type { Authority } from './authority.ts'
import { issueServerCertificate } from './certificate.ts'
import type { KeyAndCertificate } from './certificate.ts'
import { readPem, writePem } from './files.ts'

const SERVER_YEARS = 2
/** Renewed this long before its end. */
const RENEWAL_MS = 60 * 24 * 3600 * 1000

/**
 * The server's key and certificate from `dir`, covering every one of `names` (DNS names and IP literals). Issues a new pair
 * when there is none, a name is not covered, less than 60 days are left, or it is not the authority's.
 */
export async function ensureServerCertificate(
  authority: Authority,
  dir: string,
  names: readonly [string, ...string[]],
  now: Date = new Date(),
): Promise<KeyAndCertificate> {
  const keyFile = join(dir, 'server.key')
  const certificateFile = join(dir, 'server.crt')
  const [key, certificate] = await Promise.all([readPem(keyFile), readPem(certificateFile)])
  if (key !== undefined && certificate !== undefined && isUsable({ key, certificate }, authority, names, now)) {
    return { key, certificate }
  }
  const notAfter = yearsAfter(now, SERVER_YEARS)
  const issued = await issueServerCertificate(authority, names, {
    notBefore: BACKDATED_START,
    notAfter: notAfter < authority.notAfter ? notAfter : authority.notAfter,
  })
  await writePem(keyFile, issued.key)
  await writePem(certificateFile, issued.certificate)
  return issued
}

function isUsable(pair: KeyAndCertificate, authority: Authority, names: readonly string[], now: Date): boolean {
  try {
    const certificate = new X509Certificate(pair.certificate)
    const ca = new X509Certificate(authority.certificate)
    // An authority close to its own end cannot give more time: do not issue again at every start.
    const end = Math.min(now.getTime() + RENEWAL_MS, authority.notAfter.getTime())
    return (
      certificate.checkIssued(ca) &&
      certificate.verify(ca.publicKey) &&
      certificate.checkPrivateKey(createPrivateKey(pair.key)) &&
      certificate.validToDate.getTime() >= end &&
      names.every((name) => (isIP(name) ? certificate.checkIP(name) : certificate.checkHost(name)) !== undefined)
    )
  } catch {
    return false // damaged files are replaced: everything in them can be made again
  }
}
