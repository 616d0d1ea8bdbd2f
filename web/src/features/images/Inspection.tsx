// What an image is, as far as its layers were read.

import { Alert, Progress, ProgressMeasureLocation, Title } from '@patternfly/react-core'
import { formatBytes } from '../../../../server/contract/bytes.ts'
import type { PlatformInspection } from '../../../../server/contract/image-inspection.ts'
import { findingRows } from '../../../../server/contract/inspection-text.ts'
import { useInspection } from '../../api/queries.ts'
import { Facts } from '../../ui/Facts.tsx'
import { percentOf } from '../../ui/format.ts'
import { Loaded } from '../../ui/Trouble.tsx'

export function Inspection({ reference }: { reference: string }) {
  const result = useInspection(reference)
  return (
    <Loaded result={result} what="what the image is">
      {({ platforms }) => platforms.map((platform) => <Platform key={platform.digest} platform={platform} />)}
    </Loaded>
  )
}

function Platform({ platform }: { platform: PlatformInspection }) {
  const { architecture, reading, problem } = platform
  return (
    <>
      <Title headingLevel="h2" size="md">
        {architecture}
      </Title>
      {problem && (
        <Alert component="h3" isInline variant="danger" title={`It is never installed: ${problem.code}`}>
          <p>{problem.message}</p>
          <p>{problem.hint}</p>
        </Alert>
      )}
      {reading && (
        <Progress
          aria-label={`Reading the layers for ${architecture}`}
          measureLocation={ProgressMeasureLocation.outside}
          value={percentOf(reading.bytes, reading.totalBytes)}
          helperText={`reading layers: ${reading.layers} of ${reading.totalLayers}, ${formatBytes(reading.bytes)} of ${formatBytes(reading.totalBytes)}`}
        />
      )}
      <Facts label={`What the image for ${architecture} is`} facts={findingRows(platform)} />
    </>
  )
}
