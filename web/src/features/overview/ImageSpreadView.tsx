// Which image how many machines shall run, and which digests their disks hold.

import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table'
import { Link } from 'react-router'
import type { ImageSpread } from '../../../../server/contract/overview.ts'
import { shortDigest } from '../../ui/format.ts'

export function ImageSpreadView({ images }: { images: readonly ImageSpread[] }) {
  return (
    <Table aria-label="Images" variant="compact" borders={false}>
      <Thead>
        <Tr>
          <Th modifier="nowrap">Wanted image</Th>
          <Th>Machines</Th>
          <Th>On their disks</Th>
        </Tr>
      </Thead>
      <Tbody>
        {images.map(({ image, machines, runs }) => (
          <Tr key={image ?? ''}>
            <Td dataLabel="Wanted image">
              {image === null ? (
                <span className="lf-subtle">none</span>
              ) : (
                <Link to={`/machines?image=${encodeURIComponent(image)}`}>{image}</Link>
              )}
            </Td>
            <Td dataLabel="Machines">{machines}</Td>
            <Td dataLabel="On their disks">
              <div className="lf-bar" aria-hidden="true">
                {runs.map(({ digest, machines: count }, at) => (
                  <span
                    key={digest ?? ''}
                    data-digest={digest === null ? 'none' : at % 4}
                    style={{ width: `${(count / machines) * 100}%` }}
                  />
                ))}
              </div>
              <span className="lf-small">
                {runs.map(({ digest, machines: count }, at) => (
                  <span key={digest ?? ''}>
                    {at > 0 && ', '}
                    {count}{' '}
                    {digest === null ? (
                      <span className="lf-subtle">nothing known</span>
                    ) : (
                      <span className="lf-mono" title={digest}>
                        {shortDigest(digest)}
                      </span>
                    )}
                  </span>
                ))}
              </span>
            </Td>
          </Tr>
        ))}
      </Tbody>
    </Table>
  )
}
