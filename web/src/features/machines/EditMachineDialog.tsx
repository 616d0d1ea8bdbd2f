// Name and labels of a machine.

import { FormGroup, FormHelperText, HelperText, HelperTextItem, TextArea, TextInput } from '@patternfly/react-core'
import { useState } from 'react'
import type { Machine } from '../../../../server/contract/machine.ts'
import { useUpdateMachine } from '../../api/queries.ts'
import { FormDialog } from '../../ui/FormDialog.tsx'
import { formatLabels, parseLabels } from './labels.ts'

export function EditMachineDialog({ machine, onClose }: { machine: Machine; onClose: () => void }) {
  // As it was when the dialog opened: what others change meanwhile must not be overwritten unseen.
  const [before] = useState(machine)
  const [name, setName] = useState(machine.name)
  const [labels, setLabels] = useState(formatLabels(machine.labels))
  const { mutate, error, isPending } = useUpdateMachine(before)
  return (
    <FormDialog
      title={`Edit ${machine.name}`}
      action="Save"
      isComplete={name.trim() !== ''}
      isBusy={isPending}
      error={error}
      refusal="Nothing was changed"
      onSubmit={() => mutate({ name: name.trim(), labels: parseLabels(labels) }, { onSuccess: onClose })}
      onClose={onClose}
    >
      <FormGroup label="Name" fieldId="edit-name" isRequired>
        <TextInput id="edit-name" value={name} onChange={(_, value) => setName(value)} isRequired />
      </FormGroup>
      <FormGroup label="Labels" fieldId="edit-labels">
        <TextArea id="edit-labels" value={labels} rows={4} onChange={(_, value) => setLabels(value)} />
        <FormHelperText>
          <HelperText>
            <HelperTextItem>One per line: rack=r12</HelperTextItem>
          </HelperText>
        </FormHelperText>
      </FormGroup>
    </FormDialog>
  )
}
