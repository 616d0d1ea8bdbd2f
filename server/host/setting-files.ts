// Files that settings name, read once at the start: a secret, certificates to trust. What is wrong with one is told as a sentence; whoever has the
// setting says which one it is.
import { X509Certificate } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { rootCertificates } from 'node:tls'

/** The bundle of a whole distribution has a quarter of it. */
const MAX_FILE_BYTES = 2 ** 20

/** The text of the file without the end of its line. Throws for one that cannot be read or is empty. */
export function readSecret(file: string): string {
  const text = read(file).replace(/\r?\n$/, '')
  if (text === '') throw new Error(`${file} is empty`)
  return text
}

/** Those of the file (PEM) and those that any server is trusted by. Throws for one that cannot be read or holds none. */
export function readCertificates(file: string): string[] {
  const text = read(file)
  try {
    new X509Certificate(text)
  } catch (cause) {
    throw new Error(`${file} holds no certificate (PEM)`, { cause })
  }
  return [text, ...rootCertificates]
}

function read(file: string): string {
  const { size } = statSync(file)
  if (size > MAX_FILE_BYTES) throw new Error(`${file}: ${size} bytes are too many`)
  return readFileSync(file, 'utf8')
}
