// Lets somebody in, or changes what a user may do.

import { FormGroup, TextInput } from '@patternfly/react-core'
import { useState } from 'react'
import type { User } from '../../../../server/contract/access.ts'
import { useCreateUser, useUpdateUser } from '../../api/access.ts'
import { FormDialog } from '../../ui/FormDialog.tsx'
import { PASSWORD_LENGTH, PasswordField } from '../../ui/PasswordField.tsx'
import { RightsFields } from './RightsFields.tsx'
import { formatScope, parseScope } from './scope.ts'

const ROLES = ['viewer', 'operator', 'admin'] as const

export function AddUserDialog({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState('')
  const [password, setPassword] = useState('')
  const [role, setRole] = useState<User['role']>('viewer')
  const [scope, setScope] = useState('')
  const { mutate, error, isPending } = useCreateUser()
  const wanted = parseScope(scope)
  return (
    <FormDialog
      title="Add a user"
      action="Add"
      isComplete={name.trim() !== '' && password.length >= PASSWORD_LENGTH && wanted !== undefined}
      isBusy={isPending}
      error={error}
      refusal="The user was not added"
      onSubmit={() =>
        mutate({ name: name.trim(), password, role, ...(wanted && { scope: wanted }) }, { onSuccess: onClose })
      }
      onClose={onClose}
    >
      <FormGroup label="Name" fieldId="user-name" isRequired>
        <TextInput id="user-name" autoComplete="off" value={name} onChange={(_, value) => setName(value)} isRequired />
      </FormGroup>
      <PasswordField id="user-password" label="Password" value={password} onChange={setPassword} isRequired />
      <RightsFields
        id="user"
        roles={ROLES}
        role={role}
        onRole={(value) => setRole(value as User['role'])}
        scope={scope}
        onScope={setScope}
      />
    </FormDialog>
  )
}

/** Sends only what was changed: people may set their own password here, and nothing else. */
export function EditUserDialog({ user, onClose }: { user: User; onClose: () => void }) {
  const [password, setPassword] = useState('')
  const [role, setRole] = useState(user.role)
  const [scope, setScope] = useState(formatScope(user.scope))
  const { mutate, error, isPending } = useUpdateUser(user.id)
  const wanted = parseScope(scope)
  const change = {
    ...(password !== '' && { password }),
    ...(role !== user.role && { role }),
    ...(scope !== formatScope(user.scope) && wanted !== undefined && { scope: wanted }),
  }
  return (
    <FormDialog
      title={`Change ${user.name}`}
      description="Role and labels count at once; a new password ends all sessions."
      action="Change"
      isComplete={
        Object.keys(change).length > 0 &&
        wanted !== undefined &&
        (password === '' || password.length >= PASSWORD_LENGTH)
      }
      isBusy={isPending}
      error={error}
      refusal="The user was not changed"
      onSubmit={() => mutate(change, { onSuccess: onClose })}
      onClose={onClose}
    >
      <RightsFields
        id="user"
        roles={ROLES}
        role={role}
        onRole={(value) => setRole(value as User['role'])}
        scope={scope}
        onScope={setScope}
      />
      <PasswordField id="user-password" label="New password" value={password} onChange={setPassword} />
    </FormDialog>
  )
}
