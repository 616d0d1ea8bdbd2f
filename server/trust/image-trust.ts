// Judges the images of the store by the configured policies, and remembers the verdicts.
import { isDeepStrictEqual } from 'node:util'
import type { TrustBasis, TrustEvidence, TrustPolicy, TrustPolicyView, TrustVerdict } from '../contract/trust.ts'
import type { Clock } from '../core/clock.ts'
import type { EventLog } from '../core/events.ts'
import type { TrustCheck, TrustGate, VerdictRecords } from '../core/trust.ts'
import type { ClaimByGpg } from './claim.ts'
import { judge } from './judge.ts'
import { readGpgKeys } from './openpgp-keys.ts'
import { policyFor } from './policy.ts'
import { policyView } from './policy-view.ts'

export interface ImageTrustOptions {
  policies: readonly TrustPolicy[]
  /** For repositories that no pattern fits. */
  fallback: 'accept' | 'reject'
  /** What in the store may speak for an image. */
  signatures: (repository: string, digest: string) => Promise<TrustEvidence[]>
  /** A manifest or index of the store, whole. */
  manifest: (repository: string, digest: string) => Promise<Buffer | undefined>
  claimByGpg: ClaimByGpg
  records: VerdictRecords
  events: EventLog
  clock: Clock
}

export class ImageTrust implements TrustGate {
  readonly #options: ImageTrustOptions

  constructor(options: ImageTrustOptions) {
    this.#options = options
  }

  /** Judges now, with what the store has now. A verdict that differs from the last one is stored and told. */
  async check(image: { repository: string; digest: string }): Promise<TrustCheck> {
    const { policies, fallback, claimByGpg, clock } = this.#options
    const policy = policyFor(policies, fallback, image.repository)
    const basis = { policy, evidence: await this.#evidence(policy, image) }
    const verdict = await judge(basis, image, clock.now(), claimByGpg)
    this.#remember(image, verdict)
    return { basis: vouchedFor(basis, image.digest, verdict), verdict }
  }

  /** The policies in the order of their patterns, the one for all others last. */
  policies(): TrustPolicyView[] {
    const { policies, fallback } = this.#options
    const rest: TrustPolicy[] = policies.some(({ pattern }) => pattern === '*')
      ? []
      : [{ require: fallback, pattern: '*' }]
    return [...policies.toSorted((a, b) => b.pattern.length - a.pattern.length), ...rest].map(policyView)
  }

  async #evidence(policy: TrustPolicy, { repository, digest }: { repository: string; digest: string }) {
    const { signatures, manifest } = this.#options
    if (policy.require === 'accept' || policy.require === 'reject') return []
    if (policy.require !== 'digest') return signatures(repository, digest)
    const indexes: TrustEvidence[] = []
    for (const pinned of policy.digests) {
      const bytes = pinned === digest ? undefined : await manifest(repository, pinned)
      // Only what lists this image can matter, and all of it travels with the task.
      if (bytes?.includes(digest)) indexes.push({ kind: 'index', bytes: bytes.toString('base64') })
    }
    return indexes
  }

  #remember({ repository, digest }: { repository: string; digest: string }, verdict: TrustVerdict): void {
    const { records, events } = this.#options
    const former = records.verdict(repository, digest)
    if (former && same(former, verdict)) return
    records.putVerdict(repository, digest, verdict)
    // What nobody has to sign was not looked at: that is no news.
    if (verdict.policy.require === 'accept') return
    events.append({
      type: 'image.judged',
      message: `${repository}@${digest} ${verdict.trusted ? 'is trusted' : `is not trusted (${verdict.code})`}: ${verdict.message}`,
      data: { repository, digest, trusted: verdict.trusted, code: verdict.code, policy: verdict.policy },
    })
  }
}

/** An installer has no gpg. What a GPG signature speaks for is handed on as the pin of this one digest. */
function vouchedFor(basis: TrustBasis, digest: string, { evidence }: TrustVerdict): TrustBasis {
  const { policy } = basis
  if (policy.require !== 'gpg' || !evidence?.reference) return basis
  const keyring = Buffer.concat(policy.keys.map((armored) => readGpgKeys(armored).bytes)).toString('base64')
  return {
    policy: { require: 'digest', pattern: policy.pattern, digests: [digest] },
    evidence: [],
    gpg: { keyring, signedAs: evidence.reference },
  }
}

/** But for when each was reached. */
function same(one: TrustVerdict, other: TrustVerdict): boolean {
  return isDeepStrictEqual({ ...one, checkedAt: '' }, { ...other, checkedAt: '' })
}
