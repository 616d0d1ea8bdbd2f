// One's own password, and the way out everywhere.

import { Button, Flex, FormGroup, TextInput } from '@patternfly/react-core'
import { useState } from 'react'
import type { Session } from '../../../../server/contract/access.ts'
import { useChangePassword } from '../../api/access.ts'
import { useLogout } from '../../api/queries.ts'
import { FormDialog } from '../../ui/FormDialog.tsx'
import { PASSWORD_LENGTH, PasswordField } from '../../ui/PasswordField.tsx'
import { formatScope } from './scope.ts'

export function OwnAccess({ session: { name, role, scope, by } }: { session: Session }) {
  const [isChanging, setChanging] = useState(false)
  const { mutate: logout } = useLogout()
  return (
    <>
      <Flex columnGap={{ default: 'columnGapMd' }}>
        <p>
          You are {name} ({role}), for {scope === null ? 'everything' : `machines with ${formatScope(scope)}`}.
        </p>
        {by === 'user' && (
          <Button variant="link" isInline onClick={() => setChanging(true)}>
            Change my password
          </Button>
        )}
        <Button variant="link" isInline onClick={() => logout({ everywhere: true })}>
          Log out everywhere
        </Button>
      </Flex>
      {isChanging && <PasswordDialog onClose={() => setChanging(false)} />}
    </>
  )
}

function PasswordDialog({ onClose }: { onClose: () => void }) {
  const [current, setCurrent] = useState('')
  const [password, setPassword] = useState('')
  const { mutate, error, isPending } = useChangePassword()
  return (
    <FormDialog
      title="Change my password"
      description="All your other sessions end."
      action="Change"
      isComplete={current !== '' && password.length >= PASSWORD_LENGTH}
      isBusy={isPending}
      error={error}
      refusal="The password was not changed"
      onSubmit={() => mutate({ current, password }, { onSuccess: onClose })}
      onClose={onClose}
    >
      <FormGroup label="Password until now" fieldId="own-current" isRequired>
        <TextInput
          id="own-current"
          type="password"
          autoComplete="current-password"
          value={current}
          onChange={(_, value) => setCurrent(value)}
        />
      </FormGroup>
      <PasswordField id="own-password" label="New password" value={password} onChange={setPassword} isRequired />
    </FormDialog>
  )
}
