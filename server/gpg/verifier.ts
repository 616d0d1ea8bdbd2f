// Simple signatures by OpenPGP keys (containers-signature(5)), verified by gpg.
import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Claim, ClaimByGpg } from '../trust/claim.ts'
import { TrustError } from '../trust/errors.ts'
import { readPayload } from '../trust/simple-signing.ts'
import { runGpg } from './run-gpg.ts'
import { signerIn } from './status.ts'

/** Keys expire by days; a list of images asks for the same signatures every few seconds. */
const REMEMBERED_MS = 10 * 60_000
const MAX_REMEMBERED = 1000

export interface GpgVerifierOptions {
  /** For tests of what happens without it. */
  program?: string
  now?: () => Date
}

export class GpgVerifier {
  readonly #program: string
  readonly #now: () => Date
  readonly #known = new Map<string, { at: number; claim: Promise<Claim> }>()
  #last: Promise<unknown> = Promise.resolve()

  constructor({ program = 'gpg', now = () => new Date() }: GpgVerifierOptions = {}) {
    this.#program = program
    this.#now = now
  }

  /** One message at a time, and each once in a while. Throws TrustError. */
  readonly claim: ClaimByGpg = (message, keys) => {
    const id = createHash('sha256').update(message).update(JSON.stringify(keys)).digest('hex')
    const at = this.#now().getTime()
    const known = this.#known.get(id)
    if (known && at - known.at < REMEMBERED_MS) return known.claim
    const claim = this.#last.then(() => verify(this.#program, message, keys))
    this.#last = claim.catch((error: unknown) => {
      // Somebody may be installing it just now.
      if (!(error instanceof TrustError) || error.code === 'GPG_UNAVAILABLE') this.#known.delete(id)
    })
    this.#known.delete(id)
    this.#known.set(id, { at, claim })
    if (this.#known.size > MAX_REMEMBERED) this.#known.delete(this.#known.keys().next().value!)
    return claim
  }
}

async function verify(program: string, message: Buffer, keys: readonly string[]): Promise<Claim> {
  const home = await mkdtemp(join(tmpdir(), 'landfall-gpg-')).catch((cause: unknown) => {
    throw new TrustError('GPG_UNAVAILABLE', `gpg can have no folder of its own: ${(cause as Error).message}`, { cause })
  })
  try {
    const imported = await runGpg(program, home, ['--import'], Buffer.from(keys.join('\n')))
    if (imported.code !== 0) {
      throw new TrustError('GPG_UNAVAILABLE', `gpg does not take the keys of the policy: ${imported.complaint}`)
    }
    const { code, output, status, complaint } = await runGpg(program, home, ['--decrypt'], message)
    const signer = signerIn(status)
    if (code !== 0) throw new TrustError('SIGNATURE_INVALID', `gpg refuses the signature: ${complaint}`)
    return { ...readPayload(output), signer: `GPG key ${signer}` }
  } finally {
    await rm(home, { recursive: true, force: true })
  }
}
