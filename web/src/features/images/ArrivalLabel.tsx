// Says how much of an image is here that comes from another registry, layer by layer.

import { Label, Tooltip } from '@patternfly/react-core'
import { arrivalText } from '../../../../server/contract/arrival-text.ts'
import type { ImagePlatform } from '../../../../server/contract/image.ts'

export function ArrivalLabel({ platforms }: { platforms: readonly ImagePlatform[] }) {
  return platforms.map(({ digest, architecture, arrival }) => {
    if (!arrival) return null
    const { state, bytes, totalBytes } = arrival
    const percent = Math.floor((100 * bytes) / Math.max(1, totalBytes))
    return (
      <Tooltip key={digest} content={`${architecture}: ${arrivalText(arrival)}`}>
        <Label isCompact color={state === 'failed' ? 'orange' : 'blue'} tabIndex={0}>
          {state === 'failed' ? 'cannot be fetched' : `${percent} % here`}
        </Label>
      </Tooltip>
    )
  })
}
