// Name and labels of a machine, which several people may be changing.

import {
  Alert,
  AlertActionLink,
  FormGroup,
  FormHelperText,
  HelperText,
  HelperTextItem,
  TextArea,
  TextInput,
} from '@patternfly/react-core'
import { useState } from 'react'
import type { Machine } from '../../../../server/contract/machine.ts'
import { useUpdateMachine } from '../../api/queries.ts'
import { FormDialog } from '../../ui/FormDialog.tsx'
import { LabelList } from './LabelList.tsx'
import { formatLabels, parseLabels } from './labels.ts'

export function EditMachineDialog({ machine, onClose }: { machine: Machine; onClose: () => void }) {
  // What the form began with. `machine` goes on: it becomes what others make of it.
  const [before, setBefore] = useState(machine)
  const [name, setName] = useState(machine.name)
  const [labels, setLabels] = useState(formatLabels(machine.labels))
  const { mutate, error, isPending, reset } = useUpdateMachine(machine)
  const isOther = machine.name !== before.name || formatLabels(machine.labels) !== formatLabels(before.labels)
  const isOvertaken = isOther && !isPending
  const beginAnew = (): void => {
    setBefore(machine)
    setName(machine.name)
    setLabels(formatLabels(machine.labels))
    reset()
  }
  return (
    <FormDialog
      title={`Edit ${before.name}`}
      action="Save"
      isComplete={name.trim() !== '' && !isOvertaken}
      isBusy={isPending}
      error={isOvertaken ? null : error}
      refusal="Nothing was changed"
      onSubmit={() => mutate({ name: name.trim(), labels: parseLabels(labels) }, { onSuccess: onClose })}
      onClose={onClose}
    >
      {isOvertaken && (
        <Alert
          component="h2"
          isInline
          variant="warning"
          title="Somebody else has changed this machine"
          actionLinks={<AlertActionLink onClick={beginAnew}>Begin anew from that</AlertActionLink>}
        >
          <p>
            It is now {machine.name}, labels: <LabelList labels={machine.labels} />
          </p>
          <p>Nothing of what is written below was saved.</p>
        </Alert>
      )}
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
