// A form over the page: fields, what the server refused, and the two ways out.

import { Button, Form, Modal, ModalBody, ModalFooter, ModalHeader, ModalVariant } from '@patternfly/react-core'
import { useId } from 'react'
import type { ReactNode } from 'react'
import { Trouble } from './Trouble.tsx'

export interface FormDialogProps {
  title: string
  description?: string
  /** The verb on the button. */
  action: string
  children: ReactNode
  /** Whether what is filled in can be sent. */
  isComplete: boolean
  isBusy: boolean
  error: Error | null
  /** Says what did not happen when the server refuses. */
  refusal: string
  /** What leaving is called. */
  leave?: string
  isLarge?: boolean
  /** It destroys something. */
  isDanger?: boolean
  onSubmit: () => void
  onClose: () => void
}

export function FormDialog(props: FormDialogProps) {
  const { title, description, action, children, isComplete, isBusy, error, refusal, leave = 'Cancel' } = props
  const id = useId()
  const variant = props.isLarge ? ModalVariant.medium : ModalVariant.small
  return (
    <Modal isOpen variant={variant} onClose={props.onClose} aria-labelledby={`${id}-title`}>
      <ModalHeader title={title} labelId={`${id}-title`} {...(description !== undefined && { description })} />
      <ModalBody>
        <Form
          id={id}
          onSubmit={(event) => {
            event.preventDefault()
            props.onSubmit()
          }}
        >
          {error && <Trouble error={error} what={refusal} />}
          {children}
        </Form>
      </ModalBody>
      <ModalFooter>
        <Button
          type="submit"
          form={id}
          variant={props.isDanger ? 'danger' : 'primary'}
          isDisabled={!isComplete || isBusy}
          isLoading={isBusy}
        >
          {action}
        </Button>
        <Button variant="link" onClick={props.onClose}>
          {leave}
        </Button>
      </ModalFooter>
    </Modal>
  )
}
