// A field for a password that is to be.

import { FormGroup, FormHelperText, HelperText, HelperTextItem, TextInput } from '@patternfly/react-core'

/** As the server wants it. */
export const PASSWORD_LENGTH = 12

export interface PasswordFieldProps {
  id: string
  label: string
  value: string
  onChange: (value: string) => void
  isRequired?: boolean
}

export function PasswordField({ id, label, value, onChange, isRequired = false }: PasswordFieldProps) {
  return (
    <FormGroup label={label} fieldId={id} isRequired={isRequired}>
      <TextInput
        id={id}
        type="password"
        autoComplete="new-password"
        value={value}
        onChange={(_, text) => onChange(text)}
      />
      <FormHelperText>
        <HelperText>
          <HelperTextItem>At least {PASSWORD_LENGTH} characters.</HelperTextItem>
        </HelperText>
      </FormHelperText>
    </FormGroup>
  )
}
