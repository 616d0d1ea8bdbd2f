// Decides what will be written where, shows it, and asks the server for leave.
import { formatBytes } from '../../../server/contract/bytes.ts'
import type { Failure } from '../../../server/contract/install.ts'
import type { DiskPlan } from '../../../server/contract/plan.ts'
import type { PlanResponse } from '../../../server/contract/agent.ts'
import type { Console } from '../console.ts'
import { AgentError } from '../errors.ts'

/**
 * Shows the plan on the console and hands it to the server. Resolves only when the server said go; throws AgentError with
 * the planner's refusal, or CANCELLED with the server's reason.
 */
export async function agreeOnPlan(
  planned: DiskPlan | Failure,
  console: Console,
  send: (plan: DiskPlan) => Promise<PlanResponse>,
): Promise<DiskPlan> {
  if ('code' in planned) {
    throw new AgentError(planned.code, planned.message, planned.hint === undefined ? {} : { hint: planned.hint })
  }
  console.block('This will be written:', planSummary(planned))
  console.table(['#', 'Name', 'Start', 'Size', 'File system', 'Mounted at'], planTable(planned))
  for (const warning of planned.warnings) console.say(`WARNING: ${warning}`)
  const { go, reason } = await send(planned)
  if (!go) throw new AgentError('CANCELLED', `the server refused the plan: ${reason ?? 'no reason given'}`)
  return planned
}

function planSummary({ disk, device, firmware }: DiskPlan): (readonly [string, string])[] {
  return [
    ['Disk', `${disk.name} (${device})`],
    ['Model', [disk.vendor, disk.model].filter((text) => text !== undefined).join(' ') || 'unknown'],
    ['Serial', disk.serial ?? disk.wwn ?? 'none'],
    ['Size', formatBytes(disk.size)],
    ['Holds now', disk.signatures.length === 0 ? 'nothing known' : `${disk.signatures.join(', ')}: will be wiped`],
    ['Firmware', firmware.toUpperCase()],
  ]
}

function planTable({ partitions }: DiskPlan): string[][] {
  return partitions.map((partition) => [
    String(partition.number),
    partition.name,
    formatBytes(partition.start),
    formatBytes(partition.size),
    partition.filesystem ?? '-',
    partition.mountPoint ?? '-',
  ])
}
