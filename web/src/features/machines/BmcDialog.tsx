// Where a machine's management controller is, and whom it lets in.

import { Button, FormGroup, FormHelperText, HelperText, HelperTextItem, TextInput } from '@patternfly/react-core'
import { useState } from 'react'
import type { Machine } from '../../../../server/contract/machine.ts'
import { useUpdateMachine } from '../../api/queries.ts'
import { FormDialog } from '../../ui/FormDialog.tsx'

export function BmcDialog({ machine, onClose }: { machine: Machine; onClose: () => void }) {
  // What the form began with: what others change meanwhile is not overwritten.
  const [before] = useState(machine)
  const [url, setUrl] = useState(before.bmc?.url ?? 'https://')
  const [user, setUser] = useState(before.bmc?.user ?? '')
  const [password, setPassword] = useState('')
  const [certificate, setCertificate] = useState(before.bmc?.certificate ?? '')
  const { mutate, error, isPending } = useUpdateMachine(before)
  const wanted = {
    url: url.trim(),
    user: user.trim(),
    ...(password !== '' && { password }),
    ...(certificate.trim() !== '' && { certificate: certificate.trim() }),
  }
  return (
    <FormDialog
      title={`Controller of ${before.name}`}
      description="The management controller of this machine: its BMC, iDRAC, iLO, iRMC or XCC."
      action="Save"
      isComplete={URL.canParse(wanted.url) && wanted.user !== '' && (before.bmc !== null || password !== '')}
      isBusy={isPending}
      error={error}
      refusal="Nothing was changed"
      onSubmit={() => mutate({ bmc: wanted }, { onSuccess: onClose })}
      onClose={onClose}
    >
      <FormGroup label="Address" fieldId="bmc-url" isRequired>
        <TextInput id="bmc-url" type="url" value={url} onChange={(_, value) => setUrl(value)} isRequired />
        <Help>https:// and a name or address, as its own page has it.</Help>
      </FormGroup>
      <FormGroup label="User" fieldId="bmc-user" isRequired>
        <TextInput id="bmc-user" autoComplete="off" value={user} onChange={(_, value) => setUser(value)} isRequired />
        <Help>An account of its own, with no more rights than to log in and see the console.</Help>
      </FormGroup>
      <FormGroup label="Password" fieldId="bmc-password" isRequired={before.bmc === null}>
        <TextInput
          id="bmc-password"
          type="password"
          autoComplete="new-password"
          value={password}
          onChange={(_, value) => setPassword(value)}
        />
        {before.bmc !== null && <Help>Left empty, it stays: as long as address and certificate do.</Help>}
      </FormGroup>
      <FormGroup label="SHA-256 fingerprint of its certificate" fieldId="bmc-certificate">
        <TextInput id="bmc-certificate" value={certificate} onChange={(_, value) => setCertificate(value)} />
        <Help>Left empty, you are asked with the first picture, unless a well-known authority signed it.</Help>
      </FormGroup>
      {before.bmc !== null && (
        <Button
          variant="link"
          isDanger
          isInline
          isDisabled={isPending}
          onClick={() => mutate({ bmc: null }, { onSuccess: onClose })}
        >
          Forget this controller
        </Button>
      )}
    </FormDialog>
  )
}

function Help({ children }: { children: string }) {
  return (
    <FormHelperText>
      <HelperText>
        <HelperTextItem>{children}</HelperTextItem>
      </HelperText>
    </FormHelperText>
  )
}
