// The first machine: how to boot it, and what was heard of it so far.

import { Alert, Content, List, ListItem, Spinner } from '@patternfly/react-core'
import { Link } from 'react-router'
import type { Network } from '../../../../server/contract/network.ts'
import { useMachines } from '../../api/queries.ts'
import { useStrangers } from '../../api/setup.ts'
import { Ago } from '../../ui/Ago.tsx'
import { StateLabel } from '../../ui/StateLabel.tsx'
import { StepForm } from './StepForm.tsx'

export function MachineStep({ network }: { network: Network }) {
  const { data: page } = useMachines('sort=createdAt&order=asc&limit=5')
  const { data: heard } = useStrangers()
  const machines = page?.items ?? []
  const where = network.interfaces.join(', ')
  return (
    <StepForm>
      <List component="ol">
        <ListItem>
          Connect a machine to the network{where === '' ? '' : ` at ${where}`}; the switch port has to forward at once
          (spanning tree: edge port, or PortFast).
        </ListItem>
        <ListItem>
          Power it on, open its boot menu (often F12, F11 or Esc), and choose the network: PXE or HTTP, IPv4.
        </ListItem>
        <ListItem>
          It appears here, tells what it is, and waits until you give it an image. Nothing is erased before.
        </ListItem>
      </List>
      <section aria-label="What was heard" aria-live="polite" className="lf-list">
        {machines.length === 0 && (
          <p>
            <Spinner size="md" aria-label="Waiting" /> Waiting for the first machine…
          </p>
        )}
        {heard?.clients.map(({ client, description, lastAt, verdict }) => (
          <Alert
            key={client}
            component="p"
            isInline
            isPlain
            variant={verdict.level === 'trouble' ? 'warning' : 'info'}
            title={`${client} (${description ?? 'unknown'}): ${verdict.message}`}
          >
            <Ago time={lastAt} />
            {verdict.next.map((step) => (
              <p key={step}>Next: {step}.</p>
            ))}
          </Alert>
        ))}
        {machines.map(({ id, name, state, product }) => (
          <Alert key={id} component="p" isInline variant="success" title={`${name} is here`}>
            <StateLabel state={state} /> {product} <Link to={`/machines/${id}`}>Look at it and give it an image</Link>
          </Alert>
        ))}
      </section>
      <Content component="small">
        Nothing is heard? <code>landfall doctor</code> on the server finds what is most often in the way.
      </Content>
    </StepForm>
  )
}
