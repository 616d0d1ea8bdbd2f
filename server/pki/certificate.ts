// X.509 certificates by node-forge; keys come from node's own generator, which works in a thread and not on the event loop.
import { generateKeyPair, randomBytes } from 'node:crypto'
import { isIP } from 'node:net'
import { promisify } from 'node:util'
import forge from 'node-forge'

/** A private key and the certificate of its public half, both PEM. */
export interface KeyAndCertificate {
  key: string
  certificate: string
}

export interface Validity {
  notBefore: Date
  notAfter: Date
}

/**
 * A new RSA key pair, PEM. RSA-2048 because node-forge cannot sign with P-256 and every firmware's HTTPS boot takes RSA-2048
 * with SHA-256.
 */
async function generateRsaKey(): Promise<{ privateKey: string; publicKey: string }> {
  return promisify(generateKeyPair)('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
}

/** A self-signed certificate that may sign server certificates and nothing else (path length 0). */
export async function issueCaCertificate(commonName: string, validity: Validity): Promise<KeyAndCertificate> {
  const { privateKey, publicKey } = await generateRsaKey()
  const name = [{ name: 'commonName', value: commonName }]
  return { key: privateKey, certificate: selfSigned(name, { privateKey, publicKey }, validity) }
}

/** A certificate as `issueCaCertificate` makes them for the key and the name of an earlier one. */
export function reissueCaCertificate(former: KeyAndCertificate, validity: Validity): string {
  const { subject, publicKey } = forge.pki.certificateFromPem(former.certificate)
  const keys = { privateKey: former.key, publicKey: forge.pki.publicKeyToPem(publicKey) }
  return selfSigned(subject.attributes, keys, validity)
}

function selfSigned(
  name: forge.pki.CertificateField[],
  { privateKey, publicKey }: { privateKey: string; publicKey: string },
  validity: Validity,
): string {
  const certificate = blankCertificate(publicKey, validity)
  certificate.setSubject(name)
  certificate.setIssuer(name)
  certificate.setExtensions([
    { name: 'basicConstraints', critical: true, cA: true, pathLenConstraint: 0 },
    { name: 'keyUsage', critical: true, keyCertSign: true, cRLSign: true },
    { name: 'subjectKeyIdentifier' },
  ])
  certificate.sign(forge.pki.privateKeyFromPem(privateKey), forge.md.sha256.create())
  return toPem(certificate)
}

/** A TLS server certificate for `names` (DNS names and IP literals, at least one), signed by `ca`. */
export async function issueServerCertificate(
  ca: KeyAndCertificate,
  names: readonly [string, ...string[]],
  validity: Validity,
): Promise<KeyAndCertificate> {
  const { privateKey, publicKey } = await generateRsaKey()
  const issuer = forge.pki.certificateFromPem(ca.certificate)
  const certificate = blankCertificate(publicKey, validity)
  // RFC 5280 limits a common name to 64 characters; clients look at the alternative names anyway.
  certificate.setSubject([{ name: 'commonName', value: names[0].slice(0, 64) }])
  certificate.setIssuer(issuer.subject.attributes)
  certificate.setExtensions([
    { name: 'basicConstraints', critical: true, cA: false },
    { name: 'keyUsage', critical: true, digitalSignature: true, keyEncipherment: true },
    { name: 'extKeyUsage', serverAuth: true },
    { name: 'subjectKeyIdentifier' },
    { name: 'authorityKeyIdentifier', keyIdentifier: issuer.generateSubjectKeyIdentifier().getBytes() },
    { name: 'subjectAltName', altNames: names.map(alternativeName) },
  ])
  certificate.sign(forge.pki.privateKeyFromPem(ca.key), forge.md.sha256.create())
  return { key: privateKey, certificate: toPem(certificate) }
}

function blankCertificate(publicKey: string, { notBefore, notAfter }: Validity): forge.pki.Certificate {
  const certificate = forge.pki.createCertificate()
  certificate.publicKey = forge.pki.publicKeyFromPem(publicKey)
  certificate.serialNumber = serialNumber()
  certificate.validity.notBefore = notBefore
  certificate.validity.notAfter = notAfter
  return certificate
}

/** 127 random bits, hex; the first byte below 0x80 and not zero keeps the DER integer positive and of one length. */
function serialNumber(): string {
  const bytes = randomBytes(16)
  bytes[0] = (bytes[0]! & 0x3f) | 0x40
  return bytes.toString('hex')
}

/** GeneralName of RFC 5280: 7 is iPAddress, 2 is dNSName. */
function alternativeName(name: string): { type: 7; ip: string } | { type: 2; value: string } {
  return isIP(name) ? { type: 7, ip: name } : { type: 2, value: name }
}

function toPem(certificate: forge.pki.Certificate): string {
  return forge.pki.certificateToPem(certificate).replaceAll('\r\n', '\n')
}
