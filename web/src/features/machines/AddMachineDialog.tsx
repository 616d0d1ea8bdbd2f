// Puts a machine into the inventory before it was ever switched on.

import {
  Button,
  Form,
  FormGroup,
  Modal,
  ModalBody,
  ModalFooter,
  ModalHeader,
  ModalVariant,
  TextInput,
} from '@patternfly/react-core'
import { useState } from 'react'
import { useAddMachine } from '../../api/queries.ts'
import { Trouble } from '../../ui/Trouble.tsx'

export function AddMachineDialog({ onClose }: { onClose: () => void }) {
  const [mac, setMac] = useState('')
  const [name, setName] = useState('')
  const { mutate, error, isPending } = useAddMachine()
  const add = (): void =>
    mutate({ macs: [mac.trim()], ...(name.trim() !== '' && { name: name.trim() }) }, { onSuccess: onClose })
  return (
    <Modal isOpen variant={ModalVariant.small} onClose={onClose} aria-labelledby="add-title">
      <ModalHeader
        title="Add a machine"
        labelId="add-title"
        description="It is recognised by its MAC when it boots from the network."
      />
      <ModalBody>
        <Form
          id="add-machine"
          onSubmit={(event) => {
            event.preventDefault()
            add()
          }}
        >
          {error && <Trouble error={error} what="The machine was not added" />}
          <FormGroup label="MAC address" fieldId="add-mac" isRequired>
            <TextInput
              id="add-mac"
              value={mac}
              placeholder="52:54:00:12:34:56"
              onChange={(_, value) => setMac(value)}
              isRequired
            />
          </FormGroup>
          <FormGroup label="Name" fieldId="add-name">
            <TextInput id="add-name" value={name} onChange={(_, value) => setName(value)} />
          </FormGroup>
        </Form>
      </ModalBody>
      <ModalFooter>
        <Button type="submit" form="add-machine" isDisabled={mac.trim() === '' || isPending}>
          Add
        </Button>
        <Button variant="link" onClick={onClose}>
          Cancel
        </Button>
      </ModalFooter>
    </Modal>
  )
}
