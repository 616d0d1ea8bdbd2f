// People who log in.

import { Button, Label, MenuToggle, Toolbar, ToolbarContent, ToolbarItem } from '@patternfly/react-core'
import { EllipsisVIcon } from '@patternfly/react-icons'
import { ActionsColumn, Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table'
import { useState } from 'react'
import type { User } from '../../../../server/contract/access.ts'
import { useRemoveUser, useSignOutUser, useUpdateUser, useUsers } from '../../api/access.ts'
import { Ago } from '../../ui/Ago.tsx'
import { ConfirmDialog } from '../../ui/ConfirmDialog.tsx'
import { Loaded, Trouble } from '../../ui/Trouble.tsx'
import { formatScope } from './scope.ts'
import { AddUserDialog, EditUserDialog } from './UserDialog.tsx'

type Open = { what: 'add' } | { what: 'edit' | 'remove'; user: User }

export function UsersView() {
  const result = useUsers()
  const [open, setOpen] = useState<Open>()
  const close = () => setOpen(undefined)
  return (
    <>
      <Toolbar>
        <ToolbarContent>
          <ToolbarItem>
            <Button onClick={() => setOpen({ what: 'add' })}>Add a user</Button>
          </ToolbarItem>
        </ToolbarContent>
      </Toolbar>
      <Loaded result={result} what="users">
        {(users) => (
          <Table aria-label="Users" variant="compact">
            <Thead>
              <Tr>
                <Th>Name</Th>
                <Th>Role</Th>
                <Th>Machines</Th>
                <Th>Sessions</Th>
                <Th>Logged in</Th>
                <Th screenReaderText="Actions" />
              </Tr>
            </Thead>
            <Tbody>
              {users.map((user) => (
                <UserRow key={user.id} user={user} onOpen={(what) => setOpen({ what, user })} />
              ))}
            </Tbody>
          </Table>
        )}
      </Loaded>
      {open?.what === 'add' && <AddUserDialog onClose={close} />}
      {open?.what === 'edit' && <EditUserDialog user={open.user} onClose={close} />}
      {open?.what === 'remove' && <RemoveUserDialog user={open.user} onClose={close} />}
    </>
  )
}

function UserRow({ user, onOpen }: { user: User; onOpen: (what: 'edit' | 'remove') => void }) {
  const { id, name, role, scope, issuer, disabled, sessions, lastLoginAt } = user
  const update = useUpdateUser(id)
  const signOut = useSignOutUser()
  const error = update.error ?? signOut.error
  return (
    <Tr>
      <Td dataLabel="Name">
        {name} {issuer !== null && <Label variant="outline">{new URL(issuer).host}</Label>}{' '}
        {disabled && <Label color="grey">shut out</Label>}
        {error && <Trouble error={error} what={`${name} was not changed`} />}
      </Td>
      <Td dataLabel="Role">{role}</Td>
      <Td dataLabel="Machines">{formatScope(scope) || 'all'}</Td>
      <Td dataLabel="Sessions">{sessions}</Td>
      <Td dataLabel="Logged in">
        <Ago time={lastLoginAt} />
      </Td>
      <Td isActionCell>
        <ActionsColumn
          items={[
            // The provider decides what its users may do.
            ...(issuer === null ? [{ title: 'Change', onClick: () => onOpen('edit') }] : []),
            { title: 'Sign out everywhere', onClick: () => signOut.mutate(id) },
            { title: disabled ? 'Let in again' : 'Shut out', onClick: () => update.mutate({ disabled: !disabled }) },
            { title: 'Remove', onClick: () => onOpen('remove') },
          ]}
          actionsToggle={({ onToggle, isOpen, toggleRef }) => (
            <MenuToggle
              ref={toggleRef}
              variant="plain"
              icon={<EllipsisVIcon />}
              aria-label={`Actions of ${name}`}
              isExpanded={isOpen}
              onClick={onToggle}
            />
          )}
        />
      </Td>
    </Tr>
  )
}

function RemoveUserDialog({ user: { id, name }, onClose }: { user: User; onClose: () => void }) {
  const { mutate, error, isPending } = useRemoveUser()
  return (
    <ConfirmDialog
      title={`Remove ${name}`}
      action="Remove"
      isBusy={isPending}
      error={error}
      onConfirm={() => mutate(id, { onSuccess: onClose })}
      onClose={onClose}
    >
      All sessions of {name} end. What {name} did stays in the audit trail.
    </ConfirmDialog>
  )
}
