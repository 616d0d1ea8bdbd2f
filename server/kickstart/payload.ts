// The image as a kickstart command (kickstart-and-iso.md section 1).
import type { KickstartRelease } from '../contract/kickstart-release.ts'
import type { MachineSpec } from '../contract/spec.ts'
import { ksCommand } from './command.ts'
import { hasBootcCommand } from './commands.ts'
import { KickstartError } from './errors.ts'

/** Where the installer finds the image. */
export type PayloadSource =
  | {
      kind: 'registry'
      /** What the installed system follows. */
      reference: string
      /** What is pulled, where that is not the same: the digest that the reference stands for. */
      pulled?: string
    }
  /** An OCI layout on the medium; `reference` is what the installed system follows. */
  | { kind: 'oci'; path: string; reference: string }

/** The one payload command; `login`: the pull needs one. Throws SPEC_UNSUPPORTED where the bootc command does not exist or cannot do what else is wanted. */
export function payloadCommand(
  source: PayloadSource,
  spec: MachineSpec,
  release: KickstartRelease,
  login: boolean,
): string {
  const url = source.kind === 'registry' ? (source.pulled ?? source.reference) : source.path
  if (spec.engine === 'bootc') {
    refuseBeyondBootc(spec, release, login)
    return ksCommand('bootc', {
      'source-imgref': `${source.kind}:${url}`,
      'target-imgref': source.reference,
      stateroot: 'default',
    })
  }
  return ksCommand('ostreecontainer', {
    url,
    // Spelled out: Anaconda decides by this very word whether it needs a network.
    transport: source.kind,
    stateroot: 'default',
    'no-signature-verification': true,
  })
}

function refuseBeyondBootc(spec: MachineSpec, release: KickstartRelease, login: boolean): void {
  const instead = 'set engine to ostree'
  if (!hasBootcCommand(release)) {
    throw new KickstartError('SPEC_UNSUPPORTED', `engine bootc: Anaconda of ${release} has no working bootc command`, {
      hint: `${instead}, or take media of Fedora 44, RHEL 10 or later`,
    })
  }
  const { disks, firewall, services, registry } = spec
  const beyond = Object.entries({
    'disks.scheme raid1': disks.scheme === 'raid1',
    'disks.volumes': disks.volumes.length > 0,
    'disks.encryption.tpm2': disks.encryption?.tpm2 === true,
    'firewall.mode': firewall.mode !== 'image',
    services: services.enabled.length > 0 || services.disabled.length > 0,
    'registry.credentials': registry.credentials.length > 0,
    'pulls that need a login (images.public does not name the repository)': login,
  }).flatMap(([path, asked]) => (asked ? [path] : []))
  if (beyond.length === 0) return
  const message = `engine bootc: Anaconda's bootc command cannot do ${beyond.join(', ')}`
  throw new KickstartError('SPEC_UNSUPPORTED', message, { hint: `${instead}, or leave these values out` })
}
