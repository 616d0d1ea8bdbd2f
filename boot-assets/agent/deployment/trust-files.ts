// Has the deployed system's own tools hold later images against the keys that this one was held against: containers-policy.json(5) and
// containers-registries.d(5).
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { repositoryOf } from '../../../server/oci/reference.ts'
import { AgentError } from '../errors.ts'
import type { NewFile } from './new-file.ts'

/** Whose signature is needed, and under which name: the reference that the signature of this image has. */
export type Enforcement =
  /** By one of the public keys, PEM. */
  | { kind: 'key'; keys: readonly string[]; signedAs: string }
  /** By one of the OpenPGP keys, base64. */
  | { kind: 'gpg'; keyring: string; signedAs: string }

const POLICY = 'etc/containers/policy.json'

/** Transports that the default of a policy is for, where the policy says nothing else. */
const TRANSPORTS = [
  'atomic',
  'containers-storage',
  'dir',
  'docker',
  'docker-archive',
  'docker-daemon',
  'oci',
  'oci-archive',
  'sif',
  'tarball',
]

const Requirement = z.looseObject({ type: z.string() })
type Requirement = z.infer<typeof Requirement>
const Requirements = z.array(Requirement)
const Policy = z.looseObject({
  default: Requirements.default([{ type: 'insecureAcceptAnything' }]),
  transports: z.record(z.string(), z.record(z.string(), Requirements)).default({}),
})

/** Files for the deployment in `root`, made of those it has. Throws AgentError CONFIGURE_FAILED for a policy that cannot be read. */
export async function trustFiles(root: string, targetReference: string, enforcement: Enforcement): Promise<NewFile[]> {
  const scope = repositoryOf(targetReference)
  const { files, requirement } = enforcement.kind === 'gpg' ? byGpg(enforcement) : bySigstore(enforcement, scope)
  const signed = repositoryOf(enforcement.signedAs)
  const signedIdentity =
    signed === scope ? { type: 'matchRepository' } : { type: 'exactRepository', dockerRepository: signed }
  const policy = await readFile(join(root, POLICY), 'utf8').catch(() => '{}')
  const text = enforcingPolicy(policy, scope, { ...requirement, signedIdentity })
  return [...files, { path: POLICY, text, mode: 0o644 }]
}

interface Signed {
  files: NewFile[]
  requirement: Requirement
}

function bySigstore({ keys }: Extract<Enforcement, { kind: 'key' }>, scope: string): Signed {
  const keyFiles = keys.map((text) => ({
    path: `etc/pki/containers/landfall-${shortHash(text)}.pub`,
    text,
    mode: 0o644,
  }))
  const paths = keyFiles.map(({ path }) => `/${path}`)
  const attachments = { docker: { [scope]: { 'use-sigstore-attachments': true } } }
  return {
    // JSON is YAML too.
    files: [...keyFiles, { path: 'etc/containers/registries.d/landfall.yaml', text: pretty(attachments), mode: 0o644 }],
    // Tools of before 2025 know one key only.
    requirement: { type: 'sigstoreSigned', ...(paths.length === 1 ? { keyPath: paths[0] } : { keyPaths: paths }) },
  }
}

/** Our registry hands out GPG signatures itself, and says so with each answer: containers/image asks no lookaside then. */
function byGpg({ keyring }: Extract<Enforcement, { kind: 'gpg' }>): Signed {
  return { files: [], requirement: { type: 'signedBy', keyType: 'GPGKeys', keyData: keyring } }
}

/**
 * The policy with a requirement for one repository. A default that accepts anything becomes the same for each transport, and `reject` for
 * the rest: ostree takes no origin `ostree-image-signed` beside such a default (ostree-container-deploy 1.8).
 */
function enforcingPolicy(text: string, scope: string, requirement: Requirement): string {
  const policy = parsePolicy(text)
  const accepting = policy.default.some(({ type }) => type === 'insecureAcceptAnything')
  const transports = { ...policy.transports }
  if (accepting) {
    for (const name of TRANSPORTS) transports[name] = { '': policy.default, ...transports[name] }
  }
  transports['docker'] = { ...transports['docker'], [scope]: [requirement] }
  return pretty({ ...policy, default: accepting ? [{ type: 'reject' }] : policy.default, transports })
}

function parsePolicy(text: string): z.infer<typeof Policy> {
  try {
    return Policy.parse(JSON.parse(text))
  } catch (cause) {
    throw new AgentError('CONFIGURE_FAILED', `the image's /${POLICY} cannot be read: ${(cause as Error).message}`, {
      cause,
      hint: 'repair the file in the image, or have the policy accept the image unchecked',
    })
  }
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16)
}

function pretty(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`
}
