// Decides what will be written where, shows it, and asks the server for leave.
import { formatBytes } from '../../../server/contract/bytes.ts'
import type { Failure } from '../../../server/contract/install.ts'
import type { PlannedDisk, StoragePlan } from '../../../server/contract/plan.ts'
import { keptOn } from '../../../server/plan/plan-disks.ts'
import { planRows } from '../../../server/contract/plan-rows.ts'
import type { PlanResponse } from '../../../server/contract/agent.ts'
import type { Console } from '../console.ts'
import { AgentError } from '../errors.ts'

/**
 * Shows the plan on the console and hands it to the server. Resolves only when the server said go; throws AgentError with
 * the planner's refusal, or CANCELLED with the server's reason.
 */
export async function agreeOnPlan(
  planned: StoragePlan | Failure,
  console: Console,
  send: (plan: StoragePlan) => Promise<PlanResponse>,
): Promise<StoragePlan> {
  if ('code' in planned) {
    throw new AgentError(planned.code, planned.message, planned.hint === undefined ? {} : { hint: planned.hint })
  }
  for (const disk of planned.disks) console.block('This will be written:', diskSummary(disk, planned))
  console.table(['Place', 'Name', 'Size', 'Holds', 'Mounted at'], planTable(planned))
  for (const warning of planned.warnings) console.say(`WARNING: ${warning}`)
  const { go, reason } = await send(planned)
  if (!go) throw new AgentError('CANCELLED', `the server refused the plan: ${reason ?? 'no reason given'}`)
  return planned
}

function diskSummary(planned: PlannedDisk, plan: StoragePlan): (readonly [string, string])[] {
  const { disk, device } = planned
  const kept = keptOn(planned, plan)
  const fate = kept.length === 0 ? 'will be wiped' : `will be wiped but for ${kept.join(', ')}`
  return [
    ['Disk', `${disk.name} (${device})`],
    ['Model', [disk.vendor, disk.model].filter((text) => text !== undefined).join(' ') || 'unknown'],
    ['Serial', disk.serial ?? disk.wwn ?? 'none'],
    ['Size', formatBytes(disk.size)],
    ['Holds now', disk.signatures.length === 0 ? 'nothing known' : `${disk.signatures.join(', ')}: ${fate}`],
    ['Firmware', plan.firmware.toUpperCase()],
  ]
}

function planTable(plan: StoragePlan): string[][] {
  return planRows(plan).map(({ place, name, size, holds, mountPoints, kept }) => [
    place,
    name,
    formatBytes(size),
    `${holds || '-'}${kept ? ' (kept)' : ''}`,
    mountPoints || '-',
  ])
}
