// Waiting and failing: every view says the same in the same way.

import { Alert, Bullseye, Spinner } from '@patternfly/react-core'
import type { ReactNode } from 'react'
import { ApiError } from '../api/client.ts'

/** What went wrong and what to do about it. */
export function Trouble({ error, what }: { error: Error; what: string }) {
  const hint = error instanceof ApiError ? error.hint : undefined
  return (
    <Alert component="h2" isInline variant="danger" title={what}>
      <p>{error.message}</p>
      {hint !== undefined && <p>{hint}</p>}
    </Alert>
  )
}

interface Result<Data> {
  data: Data | undefined
  error: Error | null
}

/** Shows the data once it is there; a later failure leaves the last known on the screen, below a warning. */
export function Loaded<Data>({
  result,
  what,
  children,
}: {
  result: Result<Data>
  what: string
  children: (data: Data) => ReactNode
}) {
  const { data, error } = result
  return (
    <>
      {error && <Trouble error={error} what={`${what} could not be loaded`} />}
      {data === undefined && !error && (
        <Bullseye>
          <Spinner aria-label={`Loading ${what}`} />
        </Bullseye>
      )}
      {data !== undefined && children(data)}
    </>
  )
}
