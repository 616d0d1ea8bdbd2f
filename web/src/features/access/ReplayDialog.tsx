// Tells a receiver once more of everything from some event on.

import { FormGroup, FormHelperText, HelperText, HelperTextItem, TextInput } from '@patternfly/react-core'
import { useState } from 'react'
import { useReplayAfter } from '../../api/webhooks.ts'
import { FormDialog } from '../../ui/FormDialog.tsx'

interface ReplayDialogProps {
  /** The receiver; empty for any. */
  url: string
  onClose: () => void
  /** With the number of deliveries. */
  onDone: (made: number) => void
}

export function ReplayDialog({ url, onClose, onDone }: ReplayDialogProps) {
  const [after, setAfter] = useState('')
  const replay = useReplayAfter()
  return (
    <FormDialog
      title="Send again from an event"
      description={`Tells ${url === '' ? 'every receiver' : url} of every install that has ended after the event, the oldest first.`}
      action="Send again"
      isComplete={/^\d{1,15}$/.test(after)}
      isBusy={replay.isPending}
      error={replay.error}
      refusal="Not all was sent again"
      onSubmit={() => replay.mutate({ after: Number(after), url }, { onSuccess: onDone })}
      onClose={onClose}
    >
      <FormGroup label="After event" fieldId="replay-after" isRequired>
        <TextInput
          id="replay-after"
          inputMode="numeric"
          value={after}
          onChange={(_, value) => setAfter(value.trim())}
          isRequired
        />
        <FormHelperText>
          <HelperText>
            <HelperTextItem>
              The last number that the receiver has, from the header Landfall-Delivery; 0 for all that is known.
            </HelperTextItem>
          </HelperText>
        </FormHelperText>
      </FormGroup>
    </FormDialog>
  )
}
