// Beside the state of a machine that was not heard of for a while in the middle of an install.

import { Label } from '@patternfly/react-core'
import { ExclamationTriangleIcon } from '@patternfly/react-icons'
import { silenceText } from '../../../server/contract/silence.ts'
import { useNow } from './now.ts'

/** Shows nothing for a machine that is not silent. */
export function SilentLabel({ silentSince }: { silentSince: string | null }) {
  const text = silenceText({ silentSince }, useNow(silentSince !== null))
  if (text === undefined) return null
  return (
    <Label
      color="orange"
      icon={<ExclamationTriangleIcon />}
      title={`last heard of ${new Date(silentSince!).toLocaleString()}`}
    >
      {text}
    </Label>
  )
}
