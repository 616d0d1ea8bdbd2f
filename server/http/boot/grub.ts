// What was decided, as GRUB configuration. There is always one, and each ends in a boot, in the next boot entry, or in asking again.
import type { Templates } from '../../render/templates.ts'
import { oneLine } from '../../render/values.ts'
import { GRUB_FAILED, GRUB_MACHINE } from './grub-names.ts'
import { bootedFiles, TITLES } from './script.ts'
import type { DecidedBoot, ServerView } from './script.ts'

/** How a GRUB asked: one that came by TFTP may lack HTTP, one that came by UEFI HTTP Boot lacks TFTP. */
export type GrubTransport = 'http' | 'tftp'

/** Used when not even templates work: said without any of them. */
export const GRUB_LAST_RESORT =
  "echo 'Landfall has an internal error, going on to the next boot entry'\nsleep 10\nexit 1\n"

/** Phrases a decision. `self` is the machine as it named itself in its path, for it to be told of again when it cannot start. */
export function decisionConfig(
  templates: Templates,
  server: ServerView,
  boot: DecidedBoot,
  { by, self, mac }: { by: GrubTransport; self: string | undefined; mac: string | undefined },
): string {
  const decision = TITLES[boot.decision]
  const banner = {
    server: `Landfall ${server.name}`,
    machine: boot.machine,
    title: `${decision}: ${boot.reason}`,
  }
  if (boot.decision === 'local' || boot.decision === 'ignore') return templates.render('grub/local.cfg', banner)
  const { kernel, initrd, args } = bootedFiles(server, boot)
  const booted = mac === undefined ? [] : [`BOOTIF=01-${mac.replaceAll(':', '-')}`]
  const devices = devicesOf(server, by)
  return templates.render('grub/start.cfg', {
    ...banner,
    decision,
    sources: devices.map((device) => ({
      kernel: `${device}${kernel}`,
      initrd: `${device}${initrd}`,
      arguments: [...args, ...booted],
    })),
    failed: self === undefined ? [] : [`${devices[0]}${GRUB_FAILED}/${self}/grub.cfg`],
  })
}

/** Makes a GRUB ask again with all it knows of its machine. */
export function identifyConfig(templates: Templates, server: ServerView, by: GrubTransport): string {
  return templates.render('grub/identify.cfg', { places: placesOf(server, by) })
}

/** Says why nothing could be decided. With `ask` for a GRUB that does not ask again by itself. */
export function troubleConfig(
  templates: Templates,
  server: ServerView,
  { by, trouble, ask }: { by: GrubTransport; trouble: string; ask: boolean },
): string {
  return templates.render('grub/trouble.cfg', {
    trouble: `Landfall cannot say what to boot: ${oneLine(trouble)}`,
    ask,
    places: placesOf(server, by),
  })
}

function placesOf(server: ServerView, by: GrubTransport): string[] {
  return devicesOf(server, by).map((device) => `${device}${GRUB_MACHINE}`)
}

/** HTTP first, as it is many times faster. */
function devicesOf({ http }: ServerView, by: GrubTransport): string[] {
  const { host, hostname } = new URL(http)
  return [`(http,${host})`, ...(by === 'tftp' ? [`(tftp,${hostname.replace(/^\[|\]$/g, '')})`] : [])]
}
