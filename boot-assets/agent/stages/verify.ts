// Judges the image once more, before the disk is touched: by the policy that came over the pinned channel, for the digest that was fetched.
import type { TrustBasis } from '../../../server/contract/trust.ts'
import { trustHint } from '../../../server/contract/trust.ts'
import { judge } from '../../../server/trust/judge.ts'
import type { Enforcement } from '../deployment/trust-files.ts'
import { AgentError } from '../errors.ts'
import type { ResolvedImage } from './resolve.ts'

export interface VerifyOptions {
  /** Undefined: nobody said whom to believe, as on a medium made without a server. */
  trust: TrustBasis | undefined
  image: Pick<ResolvedImage, 'repository' | 'digest'>
  say: (text: string) => void
  now?: Date
}

/** What the deployed system can hold later images against, if anything. Throws AgentError with the code of the verdict. */
export async function verifyTrust({
  trust,
  image,
  say,
  now = new Date(),
}: VerifyOptions): Promise<Enforcement | undefined> {
  if (trust === undefined) {
    say('no policy came with this install: nobody has checked who made the image')
    return undefined
  }
  const { policy } = trust
  const verdict = await judge(trust, image, now)
  if (verdict.code !== null) {
    throw new AgentError(
      verdict.code,
      `the image is not trusted: ${verdict.message} (policy for ${policy.pattern}: ${policy.require})`,
      { hint: trustHint(verdict.code) },
    )
  }
  say(`trust: ${verdict.message} (policy for ${policy.pattern}: ${policy.require})`)
  if (trust.gpg !== undefined) {
    say('this digest was pinned by the server, which has verified its GPG signature: there is no gpg here')
    return { kind: 'gpg', ...trust.gpg }
  }
  const reference = verdict.evidence?.reference
  if (!verdict.enforcedAfterwards || policy.require !== 'key' || !reference) return undefined
  return { kind: 'key', keys: policy.keys, signedAs: reference }
}
