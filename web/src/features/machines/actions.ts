// What can be done to chosen machines, and what each of the dialogs for it needs.

import type { Target } from './selection.ts'

export type MachineAction = 'assign' | 'label' | 'profile' | 'reinstall' | 'retire'

export interface ActionProps {
  target: Target
  onClose: () => void
  /** `notice` says what was done. */
  onDone: (notice: string) => void
}
