// A row of somebody's inventory, and what became of reading it.
import type { z } from 'zod'
import { MachineDocument } from '../contract/document.ts'
import { issueText } from './issue-text.ts'

/** Inventories elsewhere may have machines without a name. */
const MachineDraft = MachineDocument.partial({ name: true })
type MachineDraft = z.infer<typeof MachineDraft>

/** A machine, or why it is none. */
export type MachineRow =
  { row: number; draft: MachineDraft } | { row: number; name: string | undefined; problem: string }

/** Checks what was put together from a row. */
export function machineRow(row: number, given: { name?: string | undefined; [field: string]: unknown }): MachineRow {
  const checked = MachineDraft.safeParse({ kind: 'machine', ...given })
  if (checked.success) return { row, draft: checked.data }
  return { row, name: given.name, problem: checked.error.issues.map(issueText).join('; ') }
}
