// What a user or token may do: the role, and the machines it is bounded to.

import {
  FormGroup,
  FormHelperText,
  FormSelect,
  FormSelectOption,
  HelperText,
  HelperTextItem,
  TextInput,
} from '@patternfly/react-core'
import { parseScope } from './scope.ts'

export interface RightsFieldsProps {
  id: string
  roles: readonly string[]
  role: string
  onRole: (role: string) => void
  scope: string
  onScope: (scope: string) => void
}

export function RightsFields({ id, roles, role, onRole, scope, onScope }: RightsFieldsProps) {
  const isWrong = parseScope(scope) === undefined
  return (
    <>
      <FormGroup label="Role" fieldId={`${id}-role`}>
        <FormSelect id={`${id}-role`} value={role} onChange={(_, value) => onRole(value)}>
          {roles.map((one) => (
            <FormSelectOption key={one} value={one} label={one} />
          ))}
        </FormSelect>
      </FormGroup>
      <FormGroup label="Only machines with these labels" fieldId={`${id}-scope`}>
        <TextInput
          id={`${id}-scope`}
          value={scope}
          placeholder="rack=r1, row=2"
          validated={isWrong ? 'error' : 'default'}
          aria-describedby={`${id}-scope-help`}
          onChange={(_, value) => onScope(value)}
        />
        <FormHelperText>
          <HelperText id={`${id}-scope-help`}>
            <HelperTextItem variant={isWrong ? 'error' : 'default'}>
              {isWrong ? 'Write key=value' : 'Leave it empty for everything.'}
            </HelperTextItem>
          </HelperText>
        </FormHelperText>
      </FormGroup>
    </>
  )
}
