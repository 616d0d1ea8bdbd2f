// The layers of the image on their way to the disk: those that stream, and all of them when somebody wants to see.

import { ExpandableSection, Progress, ProgressMeasureLocation, ProgressSize, Title } from '@patternfly/react-core'
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table'
import { useState } from 'react'
import { formatBytes } from '../../../../server/contract/bytes.ts'
import { layersText } from '../../../../server/contract/layer-news.ts'
import type { InstallLayer } from '../../../../server/contract/install-layers.ts'
import type { InstallStep } from '../../../../server/contract/install.ts'
import { paceText } from '../../../../server/contract/pace.ts'
import { percentOf, shortDigest } from '../../ui/format.ts'

export function LayersView({ layers, steps }: { layers: readonly InstallLayer[]; steps: readonly InstallStep[] }) {
  const [isOpen, setOpen] = useState(false)
  if (layers.length === 0) return null
  const fetching = steps.find(({ name, state }) => name === 'fetch' && state === 'running')
  const streaming = layers.filter(({ state }) => state === 'streaming')
  return (
    <>
      <Title headingLevel="h3" size="md">
        Layers
      </Title>
      <p>{[layersText(layers), ...(fetching ? [paceText(fetching)] : [])].join('; ')}</p>
      {streaming.map((layer) => (
        <LayerBar key={layer.digest} layer={layer} />
      ))}
      <ExpandableSection
        toggleText={`All ${layers.length} layers`}
        isExpanded={isOpen}
        onToggle={(_, open) => setOpen(open)}
      >
        {isOpen && <LayerTable layers={layers} />}
      </ExpandableSection>
    </>
  )
}

function LayerBar({ layer: { digest, bytes, size, source } }: { layer: InstallLayer }) {
  return (
    <Progress
      title={`${shortDigest(digest)}${source === null ? '' : ` from ${source}`}`}
      size={ProgressSize.sm}
      measureLocation={ProgressMeasureLocation.outside}
      value={percentOf(bytes, size)}
      helperText={`${formatBytes(bytes)} of ${formatBytes(size)}`}
    />
  )
}

const STATES: Record<InstallLayer['state'], string> = {
  waiting: 'waiting',
  streaming: 'streaming',
  done: 'done',
  reused: 'was there already',
}

function LayerTable({ layers }: { layers: readonly InstallLayer[] }) {
  return (
    <Table aria-label="Layers of the image" variant="compact" borders={false}>
      <Thead>
        <Tr>
          <Th>No.</Th>
          <Th>Layer</Th>
          <Th>Size</Th>
          <Th>State</Th>
          <Th>From</Th>
        </Tr>
      </Thead>
      <Tbody>
        {layers.map(({ digest, size, bytes, state, source }, index) => (
          <Tr key={digest}>
            <Td dataLabel="No.">{index + 1}</Td>
            <Td dataLabel="Layer" className="lf-mono">
              {shortDigest(digest)}
            </Td>
            <Td dataLabel="Size" className="lf-nowrap">
              {formatBytes(size)}
            </Td>
            <Td dataLabel="State">
              {STATES[state]}
              {state === 'streaming' && `, ${percentOf(bytes, size)} %`}
            </Td>
            <Td dataLabel="From">{source ?? '-'}</Td>
          </Tr>
        ))}
      </Tbody>
    </Table>
  )
}
