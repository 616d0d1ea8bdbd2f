// The kickstart that Anaconda would be given for what is wanted now. Where its values come from, the card beside it tells.

import { Card, CardBody, CardTitle, CodeBlock, CodeBlockCode, Content, ExpandableSection } from '@patternfly/react-core'
import { useState } from 'react'
import { useKickstart } from '../../api/queries.ts'
import { Loaded } from '../../ui/Trouble.tsx'

export function KickstartCard({ machineId }: { machineId: string }) {
  const [isShown, setShown] = useState(false)
  const result = useKickstart(machineId, isShown)
  return (
    <Card>
      <CardTitle component="h2">Kickstart</CardTitle>
      <CardBody>
        <ExpandableSection
          toggleText={isShown ? 'Hide' : 'Show what Anaconda would be given'}
          isExpanded={isShown}
          onToggle={(_, expanded) => setShown(expanded)}
        >
          {isShown && (
            <Loaded result={result} what="the kickstart">
              {({ wanted }) => (
                <>
                  <Content component="small">For {wanted.release}; secrets are masked.</Content>
                  <Text name="kickstart" text={wanted.text} />
                  {wanted.files.map(({ name, text }) => (
                    <Text key={name} name={`${name}, which the installer fetches over TLS`} text={text} />
                  ))}
                </>
              )}
            </Loaded>
          )}
        </ExpandableSection>
      </CardBody>
    </Card>
  )
}

function Text({ name, text }: { name: string; text: string }) {
  return (
    <>
      <Content component="h3">{name}</Content>
      <CodeBlock>
        <section aria-label={name} tabIndex={0} className="lf-scroll">
          <CodeBlockCode>{text}</CodeBlockCode>
        </section>
      </CodeBlock>
    </>
  )
}
