// Says what a tag follows, and why it cannot.

import { Label, Tooltip } from '@patternfly/react-core'
import type { ImageTrack } from '../../../../server/contract/image-track.ts'

export function FollowLabel({ track }: { track: ImageTrack | null }) {
  if (track === null) return null
  const { source, every, problem } = track
  return (
    <Tooltip content={problem ? problem.message : `looked up every ${every}`}>
      <Label isCompact color={problem ? 'orange' : 'blue'} tabIndex={0}>
        {problem ? 'cannot follow' : 'follows'} {source}
      </Label>
    </Tooltip>
  )
}
