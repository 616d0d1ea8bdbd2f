// One's own password, and the way out everywhere.

import { Button, Content, FormGroup, TextInput, Toolbar, ToolbarContent, ToolbarItem } from '@patternfly/react-core'
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
      <Content component="p">
        You are {name} ({role}), for {scope === null ? 'everything' : `machines with ${formatScope(scope)}`}.
      </Content>
      <Toolbar>
        <ToolbarContent>
          {by === 'user' && (
            <ToolbarItem>
              <Button variant="secondary" onClick={() => setChanging(true)}>
                Change my password
              </Button>
            </ToolbarItem>
          )}
          <ToolbarItem>
            <Button variant="link" onClick={() => logout({ everywhere: true })}>
              Log out everywhere
            </Button>
          </ToolbarItem>
        </ToolbarContent>
      </Toolbar>
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
