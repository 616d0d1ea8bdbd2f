// Where a machine that asks for its script is recognised, decided on, and noted down.
import type { Architecture } from '../../contract/common.ts'
import type { MediaBootFiles } from '../../contract/media.ts'
import { decideBoot } from '../../core/boot.ts'
import type { BootClient, BootDecision, Installers } from '../../core/boot.ts'
import type { MachineRecord } from '../../core/machine-store.ts'
import { CoreError } from '../../core/errors.ts'
import { requiredMedium } from '../../core/required-medium.ts'
import { oneLine } from '../../render/values.ts'
import type { Services } from '../ports.ts'
import type { ScriptClient } from './client.ts'
import type { DecidedBoot } from './script.ts'

/**
 * Answers a machine's question what to boot. A stranger is brought in; whoever starts the installer gets an install token of its own; each
 * answer leaves an event. Throws CoreError when the store fails.
 */
export function bootDesk({
  inventory,
  installs,
  tokens,
  events,
  medium,
  installers,
}: Pick<Services, 'inventory' | 'installs' | 'tokens' | 'events'> & {
  /** A boot medium by its id. */
  medium: (id: string) => { architecture: Architecture; boot: MediaBootFiles } | undefined
  installers: Installers
}) {
  return (client: ScriptClient, address: string | undefined, via: BootClient['via'] = 'ipxe'): DecidedBoot => {
    const known = inventory.find(client)
    const architecture = client.architecture ?? known?.architecture ?? 'amd64'
    const asker = { ...client, architecture, firmware: client.firmware ?? 'uefi', via }
    const decision = decideBoot(known && installs.toBoot(known), asker, installers)
    const machine = known ?? (decision.kind === 'discover' ? bringIn(client, address) : undefined)
    if (machine) inventory.seen(machine.id, address)
    const answer = phrase(decision, client, machine, architecture)
    if (decision.kind === 'install' || decision.kind === 'kickstart') installs.bootServed(decision.machineId)
    events.append({
      type: decision.kind === 'ignore' ? 'boot.refused' : 'boot.script',
      machineId: machine?.id,
      actor: 'machine',
      message: `${answer.machine} asked what to boot: ${decision.kind}, ${answer.reason}`,
      data: { decision: decision.kind, via, ...client, ...(address !== undefined && { address }) },
    })
    return answer
  }

  function bringIn(client: ScriptClient, address: string | undefined): MachineRecord {
    const { architecture } = client
    return inventory.discover(client, { address, architecture: architecture === 'other' ? undefined : architecture })
  }

  function phrase(
    decision: BootDecision,
    client: ScriptClient,
    machine: MachineRecord | undefined,
    architecture: BootClient['architecture'],
  ): DecidedBoot {
    const { mac, uuid, serial } = client
    const identity = mac ?? serial ?? uuid ?? 'unknown'
    const answer = {
      decision: decision.kind,
      machine: oneLine(machine ? `${machine.name} (${identity})` : identity),
      reason: oneLine(reasonOf(decision, machine)),
    }
    if (!machine || !('generation' in decision)) return answer
    const boots = decision.kind === 'kickstart' ? requireMedium(decision.media, client) : undefined
    const { consoles } = inventory.mergedSpec(machine.id).spec
    const token = tokens.issueInstallToken(machine.id, decision.generation)
    return { ...answer, token, consoles, architecture, ...(boots && { medium: boots }) }
  }

  function requireMedium(id: string | undefined, { architecture }: ScriptClient): NonNullable<DecidedBoot['medium']> {
    const found = requiredMedium(id, medium)
    if (architecture !== undefined && found.architecture !== architecture) {
      throw new CoreError(
        'MEDIA_NOT_FOUND',
        `the boot medium ${id} is for ${found.architecture}, not for ${architecture}`,
      )
    }
    const { kernel, initrd } = found.boot
    return { path: `/media/${id}`, kernel: `/media/${id}/${kernel}`, initrd: `/media/${id}/${initrd}` }
  }

  function reasonOf(decision: BootDecision, machine: MachineRecord | undefined): string {
    if (decision.kind === 'ignore') return decision.reason
    if (!machine) return 'this machine is unknown'
    const { image, failure, state, generation } = inventory.toSummary(machine.id)
    if (decision.kind === 'install' || decision.kind === 'kickstart')
      return `${image} is assigned, generation ${generation}`
    if (decision.kind === 'local') {
      return state === 'rebooting' ? `${image} is written, its first start is awaited` : `${image} is installed`
    }
    if (failure) return `the last install failed (${failure.message}), waiting for another assignment`
    return decision.machineId === undefined ? 'this machine is new here' : 'no image is assigned to it'
  }
}
