// Whether an image may be installed, as a coloured label: colour and icon say the same, for those who see only one of them.

import { Label } from '@patternfly/react-core'
import { BanIcon, CheckCircleIcon, ExclamationTriangleIcon, UnknownIcon } from '@patternfly/react-icons'
import { trustWord } from '../../../server/contract/trust-text.ts'
import type { TrustVerdict } from '../../../server/contract/trust.ts'

const LOOKS = {
  trusted: { color: 'green', icon: CheckCircleIcon },
  unchecked: { color: 'orange', icon: ExclamationTriangleIcon },
  refused: { color: 'red', icon: BanIcon },
  unknown: { color: 'grey', icon: UnknownIcon },
} as const

export function TrustLabel({ verdict }: { verdict: TrustVerdict | null }) {
  const word = trustWord(verdict)
  const { color, icon: Icon } = LOOKS[word]
  return (
    <Label color={color} icon={<Icon />}>
      {verdict?.code ?? word}
    </Label>
  )
}
