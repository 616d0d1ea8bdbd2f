// Landfall's own certificate authority: made at the first start, kept for ever after, known to machines by its fingerprint.
import { createHash, createPrivateKey, randomBytes, X509Certificate } from 'node:crypto'
import { join } from 'node:path'
import { issueCaCertificate, reissueCaCertificate } from './certificate.ts'
import type { KeyAndCertificate } from './certificate.ts'
import { PkiError } from './errors.ts'
import { readPem, writePem } from './files.ts'

/**
 * Certificates are valid from here on: a machine whose clock battery died boots in the past, most often at a firmware's first day,
 * and must still trust its server.
 */
export const BACKDATED_START = new Date('2000-01-01T00:00:00Z')

const CA_YEARS = 10
/** Machines and clients that keep the certificate need time to get the next one. */
const NEAR_END_MS = 365 * 24 * 3600 * 1000

export interface Authority extends KeyAndCertificate {
  /** SHA-256 of the certificate's DER, 64 lower-case hex digits: what agents pin. */
  fingerprint: string
  /** Common name, of certificates of the past and the future too. */
  name: string
  notAfter: Date
}

/**
 * Opens the authority kept in `dir`, or makes one when there is none. Throws PkiError when what is there is incomplete,
 * does not fit together or has expired: a new authority would lock out every machine that trusts the old one, so that is a
 * person's decision.
 */
export async function openAuthority(dir: string, now: Date = new Date()): Promise<Authority> {
  const keyFile = join(dir, 'ca.key')
  const certificateFile = join(dir, 'ca.crt')
  const [key, certificate] = await Promise.all([readPem(keyFile), readPem(certificateFile)])
  if (certificate === undefined) {
    // A key alone is what an interrupted first start leaves: nobody has seen its certificate yet.
    const made = await issueCaCertificate(`Landfall CA ${randomBytes(4).toString('hex')}`, {
      notBefore: BACKDATED_START,
      notAfter: yearsAfter(now, CA_YEARS),
    })
    await writePem(keyFile, made.key)
    await writePem(certificateFile, made.certificate)
    return describe(made)
  }
  const authority = readAuthority({ key, certificate }, dir)
  if (authority.notAfter <= now) {
    throw new PkiError('CA_EXPIRED', `opening the CA in ${dir}: expired on ${authority.notAfter.toISOString()}`, {
      hint: '`landfall ca renew` gives it another ten years; whoever trusts the certificate needs the new one then',
    })
  }
  return authority
}

/** The authority kept in `dir`, expired or not. Throws PkiError. */
export async function readAuthorityIn(dir: string): Promise<Authority> {
  const [key, certificate] = await Promise.all([readPem(join(dir, 'ca.key')), readPem(join(dir, 'ca.crt'))])
  if (certificate !== undefined) return readAuthority({ key, certificate }, dir)
  throw new PkiError('CA_INCOMPLETE', `opening the CA: ${join(dir, 'ca.crt')} is missing`, {
    hint: 'the first start of a server makes it',
  })
}

/**
 * Issues the certificate anew, for the same key and name: server certificates are good by the old one and the new one, so that clients need the new
 * one only before the old one ends. The old file stays as `ca.until-DATE.crt`. Throws PkiError.
 */
export async function renewAuthority(dir: string, now: Date = new Date()): Promise<Authority> {
  const former = await readAuthorityIn(dir)
  const validity = { notBefore: BACKDATED_START, notAfter: yearsAfter(now, CA_YEARS) }
  const certificate = reissueCaCertificate(former, validity)
  await writePem(join(dir, `ca.until-${former.notAfter.toISOString().slice(0, 10)}.crt`), former.certificate)
  await writePem(join(dir, 'ca.crt'), certificate)
  return describe({ key: former.key, certificate })
}

/** What people have to know in time, in sentences: nothing until a year before the end. */
export function endWarnings({ notAfter }: Pick<Authority, 'notAfter'>, now: Date): string[] {
  if (notAfter.getTime() - now.getTime() > NEAR_END_MS) return []
  const end = notAfter.toISOString().slice(0, 10)
  return [
    `the certificate authority ends on ${end}, and machines trust nobody then: \`landfall ca renew\`, and give clients the new certificate before`,
  ]
}

/** SHA-256 of a PEM certificate's DER, 64 lower-case hex digits. */
export function fingerprintOf(certificate: string): string {
  return createHash('sha256').update(new X509Certificate(certificate).raw).digest('hex')
}

export function yearsAfter(time: Date, years: number): Date {
  const later = new Date(time)
  later.setUTCFullYear(later.getUTCFullYear() + years)
  return later
}

function readAuthority({ key, certificate }: { key: string | undefined; certificate: string }, dir: string): Authority {
  const hint = `restore ${dir} from a backup, or remove it to start a new authority (all machines and clients must then trust the new one)`
  if (key === undefined) {
    throw new PkiError('CA_INCOMPLETE', `opening the CA: ${join(dir, 'ca.key')} is missing`, { hint })
  }
  const pair = { key, certificate }
  try {
    if (new X509Certificate(pair.certificate).checkPrivateKey(createPrivateKey(pair.key))) return describe(pair)
  } catch (cause) {
    throw new PkiError('CA_MISMATCH', `opening the CA in ${dir}: not a PEM key and certificate`, { cause, hint })
  }
  throw new PkiError('CA_MISMATCH', `opening the CA in ${dir}: ca.key is not the key of ca.crt`, { hint })
}

function describe(pair: KeyAndCertificate): Authority {
  const { subject, validToDate } = new X509Certificate(pair.certificate)
  return {
    ...pair,
    fingerprint: fingerprintOf(pair.certificate),
    name: subject.replace(/^CN=/, ''),
    notAfter: validToDate,
  }
}
