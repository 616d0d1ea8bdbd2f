// One change to machines: asks, carries it out, and tells for which machines it was refused.

import {
  Alert,
  Button,
  List,
  ListItem,
  Modal,
  ModalBody,
  ModalFooter,
  ModalHeader,
  ModalVariant,
} from '@patternfly/react-core'
import type { ReactNode } from 'react'
import { Link } from 'react-router'
import type { BulkAction, BulkResult } from '../../../../server/contract/machine-bulk.ts'
import { useBulkChange } from '../../api/queries.ts'
import { FormDialog } from '../../ui/FormDialog.tsx'
import { countText } from './selection.ts'
import type { Target } from './selection.ts'

export interface BulkDialogProps {
  title: string
  /** The verb on the button. */
  verb: string
  target: Target
  /** Undefined while something is missing. */
  action: BulkAction | undefined
  children: ReactNode
  isDanger?: boolean
  isLarge?: boolean
  onClose: () => void
  /** All machines took the change. */
  onDone: () => void
}

/** Refusals are shown by reason, at most so many machines of each. */
const SHOWN = 20

export function BulkDialog({ title, verb, target, action, children, onClose, onDone, ...look }: BulkDialogProps) {
  const { mutate, data, error, isPending } = useBulkChange()
  if (data) return <Outcome results={data.results} verb={verb} onClose={onClose} />
  const change = (): void => {
    if (action === undefined) return
    mutate(
      { ...target.request, action },
      { onSuccess: ({ results }) => results.every((result) => result.error === null) && onDone() },
    )
  }
  return (
    <FormDialog
      {...look}
      title={title}
      action={verb}
      isComplete={action !== undefined}
      isBusy={isPending}
      error={error}
      refusal="Nothing was changed"
      onSubmit={change}
      onClose={onClose}
    >
      {children}
    </FormDialog>
  )
}

function Outcome({ results, verb, onClose }: { results: BulkResult['results']; verb: string; onClose: () => void }) {
  const refused = Map.groupBy(
    results.filter(({ error }) => error !== null),
    ({ error }) => error!.code,
  )
  const count = refused.values().reduce((sum, { length }) => sum + length, 0)
  if (count === 0) return null
  return (
    <Modal isOpen variant={ModalVariant.medium} onClose={onClose} aria-labelledby="outcome-title">
      <ModalHeader
        title={`${count} of ${countText(results.length)} refused`}
        description={`${verb}: done for ${countText(results.length - count)}.`}
        labelId="outcome-title"
        titleIconVariant="warning"
      />
      <ModalBody>
        <section tabIndex={0} aria-label="Refusals by reason">
          {[...refused].map(([code, machines]) => (
            <Alert key={code} component="h2" isInline variant="danger" title={`${code}: ${countText(machines.length)}`}>
              <List isPlain>
                {machines.slice(0, SHOWN).map(({ machineId, name, error }) => (
                  <ListItem key={machineId}>
                    {name === null ? machineId : <Link to={`/machines/${machineId}`}>{name}</Link>}: {error!.message}
                  </ListItem>
                ))}
                {machines.length > SHOWN && <ListItem>and {machines.length - SHOWN} more</ListItem>}
              </List>
            </Alert>
          ))}
        </section>
      </ModalBody>
      <ModalFooter>
        <Button onClick={onClose}>Close</Button>
      </ModalFooter>
    </Modal>
  )
}
