// Asks before something that cannot be undone.

import { Button, Modal, ModalBody, ModalFooter, ModalHeader, ModalVariant } from '@patternfly/react-core'
import type { ReactNode } from 'react'
import { Trouble } from './Trouble.tsx'

export interface ConfirmDialogProps {
  title: string
  /** The verb on the button. */
  action: string
  children: ReactNode
  isBusy: boolean
  error: Error | null
  onConfirm: () => void
  onClose: () => void
}

export function ConfirmDialog({ title, action, children, isBusy, error, onConfirm, onClose }: ConfirmDialogProps) {
  return (
    <Modal isOpen variant={ModalVariant.small} onClose={onClose} aria-labelledby="confirm-title">
      <ModalHeader title={title} labelId="confirm-title" titleIconVariant="warning" />
      <ModalBody>
        {children}
        {error && <Trouble error={error} what={`${title}: refused`} />}
      </ModalBody>
      <ModalFooter>
        <Button variant="danger" isLoading={isBusy} isDisabled={isBusy} onClick={onConfirm}>
          {action}
        </Button>
        <Button variant="link" onClick={onClose}>
          Keep everything as it is
        </Button>
      </ModalFooter>
    </Modal>
  )
}
