// What a test of the network found, and what to do about it.

import { Alert, Button, Spinner } from '@patternfly/react-core'
import type { Finding } from '../../../../server/contract/finding.ts'

const VARIANTS = { ok: 'success', note: 'info', problem: 'danger' } as const

export interface FindingsProps {
  findings: readonly Finding[] | undefined
  isLooking: boolean
  onAgain: () => void
}

export function Findings({ findings = [], isLooking, onAgain }: FindingsProps) {
  return (
    <section aria-label="Test of the network" aria-live="polite">
      {isLooking ? (
        <p>
          <Spinner size="md" aria-label="Testing" /> Looking for other DHCP servers, taken ports and a firewall in the
          way…
        </p>
      ) : (
        <>
          {findings.map(({ code, level, message, causes = [], next = [] }) => (
            <Alert key={`${code} ${message}`} component="p" isInline isPlain variant={VARIANTS[level]} title={message}>
              {causes.map((cause) => (
                <p key={cause}>Perhaps: {cause}.</p>
              ))}
              {next.map((step) => (
                <p key={step}>Next: {step}.</p>
              ))}
            </Alert>
          ))}
          <Button variant="link" isInline onClick={onAgain}>
            Test again
          </Button>
        </>
      )}
    </section>
  )
}
