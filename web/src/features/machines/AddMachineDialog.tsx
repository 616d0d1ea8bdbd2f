// Puts a machine into the inventory before it was ever switched on.

import { FormGroup, TextInput } from '@patternfly/react-core'
import { useState } from 'react'
import { useAddMachine } from '../../api/queries.ts'
import { FormDialog } from '../../ui/FormDialog.tsx'

export function AddMachineDialog({ onClose }: { onClose: () => void }) {
  const [mac, setMac] = useState('')
  const [name, setName] = useState('')
  const { mutate, error, isPending } = useAddMachine()
  return (
    <FormDialog
      title="Add a machine"
      description="It is recognised by its MAC when it boots from the network."
      action="Add"
      isComplete={mac.trim() !== ''}
      isBusy={isPending}
      error={error}
      refusal="The machine was not added"
      onSubmit={() =>
        mutate({ macs: [mac.trim()], ...(name.trim() !== '' && { name: name.trim() }) }, { onSuccess: onClose })
      }
      onClose={onClose}
    >
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
    </FormDialog>
  )
}
