// While the server starts anew.

import { Spinner } from '@patternfly/react-core'
import { useKnocking } from '../../api/setup.ts'

/** Gone as soon as the server is another one. */
export function Starting() {
  useKnocking()
  return (
    <p aria-live="polite">
      <Spinner size="md" aria-label="Starting" /> Written. The server starts anew with it; this takes a few seconds.
    </p>
  )
}
