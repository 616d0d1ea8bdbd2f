// The first administrator takes the place of the one-time link.

import { Button, Content, FormGroup, TextInput } from '@patternfly/react-core'
import { useState } from 'react'
import { useNavigate } from 'react-router'
import type { User } from '../../../../server/contract/access.ts'
import { useFirstAdministrator } from '../../api/setup.ts'
import { PASSWORD_LENGTH, PasswordField } from '../../ui/PasswordField.tsx'
import { Trouble } from '../../ui/Trouble.tsx'
import { Onward } from './Onward.tsx'
import { StepForm } from './StepForm.tsx'
import { administrators } from './steps.ts'

export function AdministratorStep({ users }: { users: readonly User[] }) {
  const known = administrators(users)
  return known.length > 0 ? (
    <StepForm>
      <Content component="p">
        {known.map(({ name }) => name).join(', ')} may do everything. More people are let in on the page Access.
      </Content>
      <Onward to="network" isMain />
    </StepForm>
  ) : (
    <AdministratorForm />
  )
}

function AdministratorForm() {
  const [name, setName] = useState('admin')
  const [password, setPassword] = useState('')
  const navigate = useNavigate()
  const { mutate: begin, error, isPending } = useFirstAdministrator(() => void navigate('/setup/network'))
  const submit = (): void => begin({ name: name.trim(), password })
  return (
    <StepForm onSubmit={submit}>
      {error && <Trouble error={error} what="The administrator was not made" />}
      <Content component="p">The link that brought you here works once. From now on you log in by name.</Content>
      <FormGroup label="Name" fieldId="administrator-name" isRequired>
        <TextInput
          id="administrator-name"
          autoComplete="username"
          value={name}
          onChange={(_, value) => setName(value)}
          isRequired
        />
      </FormGroup>
      <PasswordField id="administrator-password" label="Password" value={password} onChange={setPassword} isRequired />
      <Onward to="network" isMain={false}>
        <Button
          type="submit"
          isDisabled={name.trim() === '' || password.length < PASSWORD_LENGTH || isPending}
          isLoading={isPending}
        >
          Make the administrator
        </Button>
      </Onward>
    </StepForm>
  )
}
