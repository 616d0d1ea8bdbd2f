// How much of its room the store takes, and which images went to make some for others.

import { formatBytes } from '../../../../server/contract/bytes.ts'
import { Content, ExpandableSection, Progress, ProgressVariant } from '@patternfly/react-core'
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table'
import type { ImageRoom } from '../../../../server/contract/image-upkeep.ts'
import { useImageRoom } from '../../api/queries.ts'
import { Ago } from '../../ui/Ago.tsx'
import { percentOf } from '../../ui/format.ts'
import { Loaded } from '../../ui/Trouble.tsx'

/** From here on the next image makes others go, or is refused. */
const TIGHT_PERCENT = 90

export function Room() {
  return (
    <Loaded result={useImageRoom()} what="the room of the store">
      {(room) => (
        <>
          <Use room={room} />
          <Evicted evicted={room.evicted} />
        </>
      )}
    </Loaded>
  )
}

function Use({ room: { storedBytes, maxBytes } }: { room: ImageRoom }) {
  if (maxBytes === null) {
    return (
      <Content component="small">
        Images take {formatBytes(storedBytes)}, without a limit (<code>images.maxBytes</code>).
      </Content>
    )
  }
  const percent = percentOf(storedBytes, maxBytes)
  return (
    <Progress
      title="Room that images take"
      size="sm"
      value={percent}
      label={`${formatBytes(storedBytes)} of ${formatBytes(maxBytes)}`}
      valueText={`${percent}%`}
      {...(percent >= TIGHT_PERCENT && { variant: ProgressVariant.warning })}
    />
  )
}

function Evicted({ evicted }: { evicted: ImageRoom['evicted'] }) {
  if (evicted.length === 0) return null
  const count = evicted.length === 1 ? '1 image' : `${evicted.length} images`
  return (
    <ExpandableSection toggleText={`${count} went to make room`}>
      <Content component="small">
        Other registries have them still: they were unused for longest, and nothing here needed them (
        <code>images.evict</code>).
      </Content>
      <Table aria-label="Images that went to make room" variant="compact" borders={false}>
        <Thead>
          <Tr>
            <Th>Image</Th>
            <Th>Size</Th>
            <Th>Last used</Th>
            <Th>Went</Th>
          </Tr>
        </Thead>
        <Tbody>
          {evicted.map(({ at, reference, bytes, usedAt }) => (
            <Tr key={`${at} ${reference}`}>
              <Td dataLabel="Image">{reference}</Td>
              <Td dataLabel="Size">{formatBytes(bytes)}</Td>
              <Td dataLabel="Last used">{usedAt === null ? 'unknown' : <Ago time={usedAt} />}</Td>
              <Td dataLabel="Went">
                <Ago time={at} />
              </Td>
            </Tr>
          ))}
        </Tbody>
      </Table>
    </ExpandableSection>
  )
}
