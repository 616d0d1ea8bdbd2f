// The state of a machine as a coloured label: colour and icon say the same, for those who see only one of them.

import { Label } from '@patternfly/react-core'
import type { LabelProps } from '@patternfly/react-core'
import {
  BanIcon,
  CheckCircleIcon,
  ClockIcon,
  EyeIcon,
  InProgressIcon,
  PowerOffIcon,
  SyncAltIcon,
  TimesCircleIcon,
} from '@patternfly/react-icons'
import type { ComponentType } from 'react'
import type { MachineState } from '../../../server/contract/machine.ts'

const LOOKS: Record<MachineState, { color: NonNullable<LabelProps['color']>; icon: ComponentType; meaning: string }> = {
  discovered: { color: 'purple', icon: EyeIcon, meaning: 'seen on the network, has not told its facts yet' },
  ready: { color: 'grey', icon: ClockIcon, meaning: 'known, waits for an image' },
  assigned: { color: 'blue', icon: ClockIcon, meaning: 'installs at its next network boot' },
  booting: { color: 'blue', icon: PowerOffIcon, meaning: 'starts the installer' },
  installing: { color: 'blue', icon: InProgressIcon, meaning: 'is being installed' },
  rebooting: { color: 'blue', icon: SyncAltIcon, meaning: 'is installed, starts from its disk' },
  deployed: { color: 'green', icon: CheckCircleIcon, meaning: 'runs its image, confirmed by itself' },
  failed: { color: 'red', icon: TimesCircleIcon, meaning: 'the last install failed' },
  retired: { color: 'grey', icon: BanIcon, meaning: 'out of service' },
}

/** In the order a machine goes through them. */
export const MACHINE_STATES = Object.keys(LOOKS) as MachineState[]

export function StateLabel({ state }: { state: MachineState }) {
  const { color, icon: Icon, meaning } = LOOKS[state]
  return (
    <Label color={color} icon={<Icon />} title={meaning}>
      {state}
    </Label>
  )
}
