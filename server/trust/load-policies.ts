// The policies of the configuration, with the keys and trust roots of their files in them.
import { readFileSync, statSync } from 'node:fs'
import type { TrustPolicySetting } from '../contract/trust.ts'
import { TrustPolicy } from '../contract/trust.ts'
import { readPublicKey } from './keys.ts'
import { PolicyError } from './errors.ts'
import { readGpgKeys } from './openpgp-keys.ts'
import { signedAsProblem } from './policy.ts'

/** Trust roots of sigstore's public good instance have 7 kB. */
const MAX_FILE_BYTES = 2 ** 20

/** Reads and checks all of them. Throws PolicyError, which names the policy by its pattern and the file. */
export async function loadPolicies(settings: readonly TrustPolicySetting[]): Promise<TrustPolicy[]> {
  const policies: TrustPolicy[] = []
  for (const setting of settings) {
    if (policies.some(({ pattern }) => pattern === setting.repository)) {
      throw new PolicyError(setting.repository, 'there are two policies for this pattern: keep one')
    }
    policies.push(await load(setting))
  }
  return policies
}

async function load(setting: TrustPolicySetting): Promise<TrustPolicy> {
  const { repository: pattern, require, signedAs, maxAgeDays, ...values } = setting
  const fail = (why: string, cause?: unknown) => new PolicyError(pattern, why, { cause })
  const problem = signedAs === undefined ? undefined : signedAsProblem(pattern, signedAs)
  if (problem !== undefined) throw fail(`signedAs: ${problem}`)
  requireFitting(setting, fail)
  const common = { pattern, ...(signedAs && { signedAs }), ...(maxAgeDays && { maxAgeDays }) }
  switch (require) {
    case 'accept':
    case 'reject':
      return { require, pattern }
    case 'digest':
      return { require, pattern, digests: values.digests! }
    case 'key':
      return { require, ...common, keys: values.keys!.map((key) => checked(key, readPublicKey, fail)) }
    case 'gpg':
      return { require, ...common, keys: values.keys!.map((key) => checked(key, readGpgKeys, fail)) }
    case 'identity': {
      // The library is loaded by those who need it.
      const { readTrustedRoot } = await import('./bundle.ts')
      const trustedRoot = checked(values.trustedRoot!, readTrustedRoot, fail)
      return { require, ...common, issuer: values.issuer!, subject: values.subject!, trustedRoot }
    }
  }
}

type Values = keyof Omit<TrustPolicySetting, 'repository' | 'require'>

/** What each kind needs, and what it may have besides. */
const VALUES: Record<TrustPolicySetting['require'], { needs: Values[]; takes: Values[] }> = {
  accept: { needs: [], takes: [] },
  reject: { needs: [], takes: [] },
  digest: { needs: ['digests'], takes: [] },
  key: { needs: ['keys'], takes: ['signedAs', 'maxAgeDays'] },
  gpg: { needs: ['keys'], takes: ['signedAs', 'maxAgeDays'] },
  identity: { needs: ['issuer', 'subject', 'trustedRoot'], takes: ['signedAs', 'maxAgeDays'] },
}

function requireFitting(setting: TrustPolicySetting, fail: (why: string) => PolicyError): void {
  const { needs, takes } = VALUES[setting.require]
  const missing = needs.filter((name) => setting[name] === undefined)
  if (missing.length > 0) throw fail(`require = "${setting.require}" needs ${missing.join(', ')}`)
  const { repository: _, require, ...values } = setting
  const extra = Object.keys(values).filter((name) => ![...needs, ...takes].includes(name as Values))
  if (extra.length > 0) throw fail(`require = "${require}" does not go with ${extra.join(', ')}`)
}

/** The text itself where it is one of several lines, else that of the file it names. */
function checked(
  textOrFile: string,
  check: (text: string) => unknown,
  fail: (why: string, cause?: unknown) => PolicyError,
) {
  const inline = textOrFile.includes('\n') || textOrFile.startsWith('{')
  const where = inline ? '' : `${textOrFile}: `
  try {
    const text = inline ? textOrFile : readSmall(textOrFile)
    check(text)
    return text
  } catch (cause) {
    throw fail(`${where}${(cause as Error).message}`, cause)
  }
}

function readSmall(file: string): string {
  const { size } = statSync(file)
  if (size > MAX_FILE_BYTES) throw new Error(`${size} bytes are too many for a key or a trust root`)
  return readFileSync(file, 'utf8')
}
