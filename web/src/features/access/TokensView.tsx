// API tokens of programs.

import {
  Button,
  ClipboardCopy,
  FormGroup,
  TextInput,
  Toolbar,
  ToolbarContent,
  ToolbarItem,
} from '@patternfly/react-core'
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table'
import { useState } from 'react'
import type { ApiToken } from '../../../../server/contract/access.ts'
import { useCreateToken, useRevokeToken, useTokens } from '../../api/access.ts'
import { Ago } from '../../ui/Ago.tsx'
import { ConfirmDialog } from '../../ui/ConfirmDialog.tsx'
import { FormDialog } from '../../ui/FormDialog.tsx'
import { Loaded } from '../../ui/Trouble.tsx'
import { RightsFields } from './RightsFields.tsx'
import { formatScope, parseScope } from './scope.ts'

const ROLES = ['viewer', 'operator', 'admin', 'join'] as const

export function TokensView() {
  const result = useTokens()
  const [isAdding, setAdding] = useState(false)
  const [revoking, setRevoking] = useState<ApiToken>()
  return (
    <>
      <Toolbar>
        <ToolbarContent>
          <ToolbarItem>
            <Button onClick={() => setAdding(true)}>Make a token</Button>
          </ToolbarItem>
        </ToolbarContent>
      </Toolbar>
      <Loaded result={result} what="tokens">
        {(tokens) => (
          <Table aria-label="API tokens" variant="compact">
            <Thead>
              <Tr>
                <Th>Name</Th>
                <Th>Role</Th>
                <Th>Machines</Th>
                <Th>Good until</Th>
                <Th>Last used</Th>
                <Th screenReaderText="Actions" />
              </Tr>
            </Thead>
            <Tbody>
              {tokens.map((token) => (
                <Tr key={token.id}>
                  <Td dataLabel="Name">{token.name}</Td>
                  <Td dataLabel="Role">{token.role}</Td>
                  <Td dataLabel="Machines">{formatScope(token.scope) || 'all'}</Td>
                  <Td dataLabel="Good until">
                    {token.expiresAt === null ? 'it is revoked' : new Date(token.expiresAt).toLocaleString()}
                  </Td>
                  <Td dataLabel="Last used">
                    <Ago time={token.lastUsedAt} />
                  </Td>
                  <Td isActionCell>
                    <Button
                      variant="link"
                      isInline
                      aria-label={`Revoke ${token.name}`}
                      onClick={() => setRevoking(token)}
                    >
                      Revoke
                    </Button>
                  </Td>
                </Tr>
              ))}
            </Tbody>
          </Table>
        )}
      </Loaded>
      {isAdding && <AddTokenDialog onClose={() => setAdding(false)} />}
      {revoking && <RevokeDialog token={revoking} onClose={() => setRevoking(undefined)} />}
    </>
  )
}

/** Stays open with the secret, which is shown this one time. */
function AddTokenDialog({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState('')
  const [role, setRole] = useState<ApiToken['role']>('viewer')
  const [scope, setScope] = useState('')
  const [date, setDate] = useState('')
  const { mutate, data: made, error, isPending } = useCreateToken()
  const wanted = parseScope(scope)
  const request = {
    name: name.trim(),
    role,
    ...(wanted && { scope: wanted }),
    ...(date !== '' && { expiresAt: new Date(`${date}T00:00:00Z`).toISOString() }),
  }
  return (
    <FormDialog
      title={made ? `Token ${made.name}` : 'Make a token'}
      description={
        made ? 'Copy it now: it is not shown again.' : 'For a program, or for machines that are started from a stick.'
      }
      action={made ? 'Done' : 'Make'}
      isComplete={made !== undefined || (request.name !== '' && wanted !== undefined)}
      isBusy={isPending}
      error={error}
      refusal="The token was not made"
      leave={made ? 'Close' : 'Cancel'}
      onSubmit={() => (made ? onClose() : mutate(request))}
      onClose={onClose}
    >
      {made ? (
        <ClipboardCopy isReadOnly hoverTip="Copy" clickTip="Copied" textAriaLabel="Secret of the token">
          {made.secret}
        </ClipboardCopy>
      ) : (
        <>
          <FormGroup label="Name" fieldId="token-name" isRequired>
            <TextInput
              id="token-name"
              autoComplete="off"
              value={name}
              onChange={(_, value) => setName(value)}
              isRequired
            />
          </FormGroup>
          <RightsFields
            id="token"
            roles={ROLES}
            role={role}
            onRole={(value) => setRole(value as ApiToken['role'])}
            scope={scope}
            onScope={setScope}
          />
          <FormGroup label="Good until" fieldId="token-date">
            <TextInput id="token-date" type="date" value={date} onChange={(_, value) => setDate(value)} />
          </FormGroup>
        </>
      )}
    </FormDialog>
  )
}

function RevokeDialog({ token: { id, name }, onClose }: { token: ApiToken; onClose: () => void }) {
  const { mutate, error, isPending } = useRevokeToken()
  return (
    <ConfirmDialog
      title={`Revoke ${name}`}
      action="Revoke"
      isBusy={isPending}
      error={error}
      onConfirm={() => mutate(id, { onSuccess: onClose })}
      onClose={onClose}
    >
      Whoever uses it is refused from now on, and sessions opened with it end.
    </ConfirmDialog>
  )
}
