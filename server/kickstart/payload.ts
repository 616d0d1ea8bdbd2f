// The image as a kickstart command (kickstart-and-iso.md section 1).
import type { KickstartRelease } from '../contract/kickstart-release.ts'
import type { MachineSpec } from '../contract/spec.ts'
import { ksCommand } from './command.ts'
import { hasBootcCommand } from './commands.ts'
import { KickstartError } from './errors.ts'

/** Where the installer finds the image. */
export type PayloadSource =
  | { kind: 'registry'; reference: string }
  /** An OCI layout on the medium; `reference` is what the installed system follows. */
  | { kind: 'oci'; path: string; reference: string }

/** The one payload command. Throws SPEC_UNSUPPORTED where the bootc command does not exist or cannot do what else is wanted. */
export function payloadCommand(source: PayloadSource, spec: MachineSpec, release: KickstartRelease): string {
  if (spec.engine === 'bootc') {
    refuseBeyondBootc(spec, release)
    const transport = source.kind === 'registry' ? `registry:${source.reference}` : `oci:${source.path}`
    return ksCommand('bootc', {
      'source-imgref': transport,
      'target-imgref': source.reference,
      stateroot: 'default',
    })
  }
  return ksCommand('ostreecontainer', {
    url: source.kind === 'registry' ? source.reference : source.path,
    // Spelled out: Anaconda decides by this very word whether it needs a network.
    transport: source.kind,
    stateroot: 'default',
    'no-signature-verification': true,
  })
}

function refuseBeyondBootc(spec: MachineSpec, release: KickstartRelease): void {
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
  }).flatMap(([path, asked]) => (asked ? [path] : []))
  if (beyond.length === 0) return
  const message = `engine bootc: Anaconda's bootc command cannot do ${beyond.join(', ')}`
  throw new KickstartError('SPEC_UNSUPPORTED', message, { hint: `${instead}, or leave these values out` })
}
