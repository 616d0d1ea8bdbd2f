// What another image has that this one has not.

import { Content, FormGroup, FormSelect, FormSelectOption, Title } from '@patternfly/react-core'
import { useState } from 'react'
import { formatBytes } from '../../../../server/contract/bytes.ts'
import type { ImageDifference } from '../../../../server/contract/image-inspection.ts'
import { changeText } from '../../../../server/contract/inspection-text.ts'
import type { Image } from '../../../../server/contract/image.ts'
import { useDifference } from '../../api/queries.ts'
import { Loaded } from '../../ui/Trouble.tsx'

export function Difference({ image, others }: { image: Image; others: readonly Image[] }) {
  const [to, setTo] = useState('')
  const architectures = image.platforms.map(({ architecture }) => architecture)
  const comparable = others.filter(({ platforms }) =>
    platforms.some(({ architecture }) => architectures.includes(architecture)),
  )
  if (comparable.length === 0) return null
  const id = `compare-${image.reference}`
  const chosen = comparable.find(({ reference }) => reference === to)
  const shared = chosen?.platforms.find(({ architecture }) => architectures.includes(architecture))
  return (
    <>
      <FormGroup label="Compare with" fieldId={id}>
        <FormSelect id={id} value={to} onChange={(_, value) => setTo(value)}>
          <FormSelectOption value="" label="another image" />
          {comparable.map(({ reference }) => (
            <FormSelectOption key={reference} value={reference} label={reference} />
          ))}
        </FormSelect>
      </FormGroup>
      {shared && <Compared from={image.reference} to={to} architecture={shared.architecture} />}
    </>
  )
}

function Compared({ from, to, architecture }: { from: string; to: string; architecture: string }) {
  return (
    <Loaded result={useDifference(from, to, architecture)} what="the difference">
      {(difference) => <Sections difference={difference} />}
    </Loaded>
  )
}

function Sections({ difference }: { difference: ImageDifference }) {
  const { layers, facts, packages, kernelArguments, labels } = difference
  const { shared, sharedBytes, added, transferBytes, removed } = layers
  return (
    <>
      <Content component="p">
        {shared} layers shared ({formatBytes(sharedBytes)}), {added} new ({formatBytes(transferBytes)} to transfer),{' '}
        {removed} gone.
      </Content>
      <Section title="System" lines={facts.map(changeText)} />
      <Section
        title="Packages"
        lines={packages === null ? ['one of the images has no list that can be read'] : packages.map(changeText)}
      />
      <Section
        title="Kernel arguments"
        lines={[
          ...kernelArguments.added.map((argument) => `${argument} added`),
          ...kernelArguments.removed.map((argument) => `${argument} removed`),
        ]}
      />
      <Section title="Labels" lines={labels.map(changeText)} />
    </>
  )
}

function Section({ title, lines }: { title: string; lines: readonly string[] }) {
  if (lines.length === 0) return null
  return (
    <>
      <Title headingLevel="h3" size="md">
        {title}
      </Title>
      <Content component="ul">
        {lines.map((line) => (
          <Content key={line} component="li">
            {line}
          </Content>
        ))}
      </Content>
    </>
  )
}
