// The body of a step.

import { Form } from '@patternfly/react-core'
import type { ReactNode } from 'react'

/** A form that leads nowhere by itself: Enter in one of its fields does what `onSubmit` says, if anything. */
export function StepForm({ onSubmit, children }: { onSubmit?: () => void; children: ReactNode }) {
  return (
    <Form
      onSubmit={(event) => {
        event.preventDefault()
        onSubmit?.()
      }}
    >
      {children}
    </Form>
  )
}
