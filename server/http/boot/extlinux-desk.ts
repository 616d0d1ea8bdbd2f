// Where a U-Boot that asks for its menu is recognised and answered.
import type { Architecture } from '../../contract/common.ts'
import type { Inventory } from '../../core/inventory.ts'
import type { Logger } from '../../observe/logger.ts'
import type { Metrics } from '../../observe/metrics.ts'
import type { Templates } from '../../render/templates.ts'
import { oneLine } from '../../render/values.ts'
import { describeError } from '../problem.ts'
import type { ScriptClient } from './client.ts'
import { parseExtlinuxName } from './extlinux-names.ts'
import { bootedFiles, TITLES } from './script.ts'
import type { DecidedBoot, ServerView } from './script.ts'

export interface ExtlinuxDeskPorts {
  templates: Templates
  /** Decides, remembers that the machine was here, and issues its token. May throw. */
  decide: (client: ScriptClient, address: string | undefined) => DecidedBoot
  inventory: Pick<Inventory, 'find'>
  logger: Logger
  metrics: Pick<Metrics, 'bootScripts'>
}

/** The menu that a TFTP name asks for; undefined for a name that is none of U-Boot's. Never throws. */
export type ExtlinuxDesk = (
  name: string,
  asker: { server: ServerView; address: string | undefined },
) => string | undefined

/** Of a board that says nothing: 64-bit ARM is what boards with U-Boot have, and nobody else is sent for such menus. */
const USUAL: Architecture = 'arm64'

export function extlinuxDesk({ templates, decide, inventory, logger, metrics }: ExtlinuxDeskPorts): ExtlinuxDesk {
  const log = logger.child({ part: 'boot' })

  return (name, { server, address }) => {
    const request = parseExtlinuxName(name)
    if (!request) return undefined
    const { mac } = request
    try {
      const architecture = request.architecture ?? inventory.find({ mac })?.architecture ?? USUAL
      const decided = decide({ mac, architecture }, address)
      metrics.bootScripts.inc({ decision: decided.decision })
      log.info({ mac, architecture, decision: decided.decision, reason: decided.reason }, 'boot menu')
      return extlinuxMenu(templates, server, decided, mac)
    } catch (error) {
      metrics.bootScripts.inc({ decision: 'trouble' })
      log.error({ err: error, mac }, 'boot decision failed')
      // U-Boot goes on with what it boots next, and comes back to the network when that fails.
      return localMenu(templates, server, mac, `cannot say what to boot: ${oneLine(describeError(error).detail)}`)
    }
  }
}

/** Paths are relative to the folder of the menu's folder, as U-Boot wants them; everything is there under its usual name. */
function extlinuxMenu(templates: Templates, server: ServerView, boot: DecidedBoot, mac: string): string {
  const title = `${TITLES[boot.decision]}: ${boot.reason}`
  if (boot.decision === 'local' || boot.decision === 'ignore') return localMenu(templates, server, boot.machine, title)
  const { kernel, initrd, args } = bootedFiles(server, boot)
  return templates.render('extlinux/start.conf', {
    server: `Landfall ${server.name}`,
    machine: boot.machine,
    title,
    decision: TITLES[boot.decision],
    kernel: kernel.slice(1),
    initrd: initrd.slice(1),
    arguments: [...args, `BOOTIF=01-${mac.replaceAll(':', '-')}`],
  })
}

function localMenu(templates: Templates, server: ServerView, machine: string, title: string): string {
  return templates.render('extlinux/local.conf', { server: `Landfall ${server.name}`, machine, title })
}
