// Where a GRUB that asks for its configuration, by whatever name and way, is recognised and answered.
import type { EventLog } from '../../core/events.ts'
import { unlessStoreFails } from '../../core/errors.ts'
import type { Inventory } from '../../core/inventory.ts'
import type { Logger } from '../../observe/logger.ts'
import type { Metrics } from '../../observe/metrics.ts'
import type { Templates } from '../../render/templates.ts'
import { describeError } from '../problem.ts'
import type { ScriptClient } from './client.ts'
import { decisionConfig, GRUB_LAST_RESORT, identifyConfig, troubleConfig } from './grub.ts'
import type { GrubTransport } from './grub.ts'
import { GRUB_MACHINE, parseGrubPath } from './grub-names.ts'
import type { DecidedBoot, ServerView } from './script.ts'

export interface GrubDeskPorts {
  templates: Templates
  /** Decides, remembers that the machine was here, and issues its token. May throw. */
  decide: (client: ScriptClient, address: string | undefined) => DecidedBoot
  /** The MAC of whoever was told to boot under this UUID. */
  macOf: (uuid: string) => string | undefined
  inventory: Pick<Inventory, 'find'>
  events: Pick<EventLog, 'append'>
  logger: Logger
  metrics: Pick<Metrics, 'bootScripts'>
}

export interface GrubAsker {
  server: ServerView
  address: string | undefined
  by: GrubTransport
}

/** The configuration that a path asks for; undefined for a path that is none of GRUB's. Never throws. */
export type GrubDesk = (path: string, asker: GrubAsker) => string | undefined

export function grubDesk({ templates, decide, macOf, inventory, events, logger, metrics }: GrubDeskPorts): GrubDesk {
  const log = logger.child({ part: 'boot' })

  return (path, asker) => {
    const request = parseGrubPath(path)
    switch (request?.kind) {
      case undefined:
        return undefined
      case 'machine':
        return answer(request.client, path, asker)
      case 'uuid': {
        const mac = macOf(request.uuid)
        return mac === undefined ? identify(asker) : answer({ mac, uuid: request.uuid, firmware: 'uefi' }, path, asker)
      }
      case 'anyone':
        return identify(asker)
      case 'failed':
        return noteFailure(request.client)
    }
  }

  function answer(client: ScriptClient, path: string, asker: GrubAsker): string {
    const { server, address, by } = asker
    const self = selfIn(path)
    const anonymous = client.mac === undefined && client.uuid === undefined && client.serial === undefined
    try {
      const decided = anonymous ? nobody : decide(client, address)
      metrics.bootScripts.inc({ decision: decided.decision })
      log.info({ ...client, by, decision: decided.decision, reason: decided.reason }, 'boot config')
      return decisionConfig(templates, server, decided, {
        by,
        self: self ?? (client.mac === undefined ? undefined : `any/${client.mac}`),
        mac: client.mac,
      })
    } catch (error) {
      metrics.bootScripts.inc({ decision: 'trouble' })
      log.error({ err: error, ...client, by }, 'boot decision failed')
      // Whoever asks by its own path does so from a loop, which goes on.
      const trouble = { by, trouble: describeError(error).detail, ask: self === undefined }
      return rendered(() => troubleConfig(templates, server, trouble))
    }
  }

  function identify({ server, by }: GrubAsker): string {
    return rendered(() => identifyConfig(templates, server, by))
  }

  function rendered(render: () => string): string {
    try {
      return render()
    } catch (error) {
      log.error({ err: error }, 'boot config could not be rendered')
      return GRUB_LAST_RESORT
    }
  }

  /** Kept for known machines only: strangers cannot fill the file. */
  function noteFailure(client: ScriptClient): string {
    const machine = inventory.find(client)
    log.warn({ ...client, machineId: machine?.id }, 'the kernel could not be started')
    if (machine) {
      unlessStoreFails(() =>
        events.append({
          type: 'boot.refused',
          machineId: machine.id,
          actor: 'machine',
          message: `${machine.name} could not start the kernel it was given: it was damaged, unsigned for this machine's Secure Boot, or not to be fetched`,
          data: { ...client },
        }),
      )
    }
    return "echo 'Landfall was told.'\n"
  }
}

/** What follows the prefix under which a machine names itself: `x86_64/52:54:00:12:34:56/UUID/SERIAL`. */
function selfIn(path: string): string | undefined {
  const plain = `/${path.replace(/^\/+/, '')}`
  const own = plain.startsWith(`${GRUB_MACHINE}/`) ? plain.slice(GRUB_MACHINE.length + 1) : undefined
  // It goes into a script as it came: only what our own script makes of a machine may.
  return own === undefined ? undefined : /^((?:[\w.:-]+\/)*[\w.:-]+)\/grub\.cfg$/.exec(own)?.[1]
}

/** A machine that cannot even tell its MAC. */
const nobody: DecidedBoot = {
  decision: 'ignore',
  machine: 'unknown',
  reason: 'GRUB tells neither MAC address nor serial number nor UUID',
}
