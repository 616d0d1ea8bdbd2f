// Name and labels of a machine.

import {
  Button,
  Form,
  FormGroup,
  FormHelperText,
  HelperText,
  HelperTextItem,
  Modal,
  ModalBody,
  ModalFooter,
  ModalHeader,
  ModalVariant,
  TextArea,
  TextInput,
} from '@patternfly/react-core'
import { useState } from 'react'
import type { Machine } from '../../../../server/contract/machine.ts'
import { useUpdateMachine } from '../../api/queries.ts'
import { Trouble } from '../../ui/Trouble.tsx'
import { formatLabels, parseLabels } from './labels.ts'

export function EditMachineDialog({ machine, onClose }: { machine: Machine; onClose: () => void }) {
  const [name, setName] = useState(machine.name)
  const [labels, setLabels] = useState(formatLabels(machine.labels))
  const { mutate, error, isPending } = useUpdateMachine(machine.id)
  return (
    <Modal isOpen variant={ModalVariant.small} onClose={onClose} aria-labelledby="edit-title">
      <ModalHeader title={`Edit ${machine.name}`} labelId="edit-title" />
      <ModalBody>
        <Form
          id="edit-machine"
          onSubmit={(event) => {
            event.preventDefault()
            mutate({ name: name.trim(), labels: parseLabels(labels) }, { onSuccess: onClose })
          }}
        >
          {error && <Trouble error={error} what="Nothing was changed" />}
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
        </Form>
      </ModalBody>
      <ModalFooter>
        <Button type="submit" form="edit-machine" isDisabled={name.trim() === '' || isPending}>
          Save
        </Button>
        <Button variant="link" onClick={onClose}>
          Cancel
        </Button>
      </ModalFooter>
    </Modal>
  )
}
