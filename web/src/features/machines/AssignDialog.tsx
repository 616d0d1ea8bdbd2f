// Chooses what machines shall become, and says what that costs them.

import { formatBytes } from '../../../../server/contract/bytes.ts'
import {
  Alert,
  Button,
  ExpandableSection,
  Form,
  FormGroup,
  FormHelperText,
  FormSelect,
  FormSelectOption,
  HelperText,
  HelperTextItem,
  Modal,
  ModalBody,
  ModalFooter,
  ModalHeader,
  ModalVariant,
  Stack,
  TextArea,
  TextInput,
} from '@patternfly/react-core'
import { useState } from 'react'
import type { ReactNode } from 'react'
import { Link } from 'react-router'
import type { BulkResult } from '../../../../server/contract/machine-bulk.ts'
import type { MachineSummary } from '../../../../server/contract/machine.ts'
import { useBulkChange, useImages, useMedia } from '../../api/queries.ts'
import { shortDigest } from '../../ui/format.ts'
import { Loaded, Trouble } from '../../ui/Trouble.tsx'
import { EMPTY_ASSIGNMENT, specOf } from './assignment.ts'
import type { Assignment } from './assignment.ts'

export interface AssignDialogProps {
  machines: readonly Pick<MachineSummary, 'id' | 'name' | 'state'>[]
  onClose: () => void
  onAssigned: () => void
}

export function AssignDialog({ machines, onClose, onAssigned }: AssignDialogProps) {
  const [values, setValues] = useState<Assignment>(EMPTY_ASSIGNMENT)
  const [isOpen, setOpen] = useState(false)
  const { mutate, data, error, isPending } = useBulkChange()
  const set = (change: Partial<Assignment>): void => setValues({ ...values, ...change })
  const count = `${machines.length} ${machines.length === 1 ? 'machine' : 'machines'}`
  const assign = (): void =>
    mutate(
      {
        machines: machines.map(({ id }) => id),
        action: { type: 'assign', image: values.image, spec: specOf(values) },
      },
      { onSuccess: ({ results }) => results.every((result) => result.error === null) && onAssigned() },
    )

  return (
    <Modal isOpen variant={ModalVariant.medium} onClose={onClose} aria-labelledby="assign-title">
      <ModalHeader title={`Assign an image to ${count}`} labelId="assign-title" />
      <ModalBody>
        <Form>
          <ImageField value={values.image} onChange={(image) => set({ image })} />
          {machines.length === 1 && (
            <Field label="Hostname" hint={`By default ${machines[0]!.name}.`}>
              {(id) => <TextInput id={id} value={values.hostname} onChange={(_, hostname) => set({ hostname })} />}
            </Field>
          )}
          <ExpandableSection toggleText="Options" isExpanded={isOpen} onToggle={(_, open) => setOpen(open)}>
            <Stack hasGutter>
              <InstallerField value={values.installer} onChange={(installer) => set({ installer })} />
              <Field label="Root SSH key" hint="One public key per line, as in authorized_keys.">
                {(id) => (
                  <TextArea id={id} value={values.sshKeys} rows={3} onChange={(_, sshKeys) => set({ sshKeys })} />
                )}
              </Field>
              <Field label="Root file system">
                {(id) => (
                  <FormSelect id={id} value={values.filesystem} onChange={(_, filesystem) => set({ filesystem })}>
                    <FormSelectOption value="" label="As the profile says, else xfs" />
                    {['xfs', 'ext4', 'btrfs'].map((name) => (
                      <FormSelectOption key={name} value={name} label={name} />
                    ))}
                  </FormSelect>
                )}
              </Field>
              <Field label="Disk serial" hint="Needed where more than one disk could be meant.">
                {(id) => (
                  <TextInput id={id} value={values.diskSerial} onChange={(_, diskSerial) => set({ diskSerial })} />
                )}
              </Field>
              <Field label="Disk transport">
                {(id) => (
                  <FormSelect id={id} value={values.transport} onChange={(_, transport) => set({ transport })}>
                    <FormSelectOption value="" label="Any" />
                    {['nvme', 'sata', 'sas', 'scsi', 'virtio', 'usb', 'mmc'].map((name) => (
                      <FormSelectOption key={name} value={name} label={name} />
                    ))}
                  </FormSelect>
                )}
              </Field>
              <Field
                label="At the end"
                hint="kexec goes straight on into the system; where that is forbidden it restarts."
              >
                {(id) => (
                  <FormSelect id={id} value={values.finish} onChange={(_, finish) => set({ finish })}>
                    <FormSelectOption value="" label="As the profile says, else restart" />
                    <FormSelectOption value="reboot" label="Restart" />
                    <FormSelectOption value="kexec" label="Start the system without the firmware (kexec)" />
                    <FormSelectOption value="poweroff" label="Switch off" />
                  </FormSelect>
                )}
              </Field>
            </Stack>
          </ExpandableSection>
          <Alert
            component="h2"
            isInline
            variant="warning"
            title={`On ${machines.length === 1 ? machines[0]!.name : `each of ${count}`}, the one matching disk is erased`}
          >
            If none matches, or more than one, nothing is written and the install fails with the reason.{' '}
            {startText(machines)}
          </Alert>
          {error && <Trouble error={error} what="Nothing was assigned" />}
          {data && <Refusals results={data.results} machines={machines} />}
        </Form>
      </ModalBody>
      <ModalFooter>
        <Button onClick={assign} isDisabled={values.image === '' || isPending} isLoading={isPending}>
          Assign to {count}
        </Button>
        <Button variant="link" onClick={onClose}>
          Cancel
        </Button>
      </ModalFooter>
    </Modal>
  )
}

function startText(machines: AssignDialogProps['machines']): string {
  const deployed = machines.filter(({ state }) => state === 'deployed').length
  if (deployed === 0) return 'Machines that wait in the installer start at once, others at their next network boot.'
  return 'Machines that wait in the installer start at once; those that run an image do so until they are rebooted from the network.'
}

function ImageField({ value, onChange }: { value: string; onChange: (image: string) => void }) {
  const images = useImages()
  return (
    <FormGroup label="Image" fieldId="assign-image" isRequired>
      <Loaded result={images} what="images">
        {(list) => {
          const bootable = list.filter(({ platforms }) => platforms.some((platform) => platform.bootable))
          return bootable.length === 0 ? (
            <p>
              There is no bootable image in the store yet: <Link to="/images">bring one in</Link> first.
            </p>
          ) : (
            <FormSelect id="assign-image" value={value} onChange={(_, image) => onChange(image)} isRequired>
              <FormSelectOption value="" label="Choose an image" isPlaceholder isDisabled />
              {bootable.map(({ reference, platforms, digest }) => (
                <FormSelectOption
                  key={reference}
                  value={reference}
                  label={`${reference} (${formatBytes(platforms[0]!.size)}, ${shortDigest(digest)})`}
                />
              ))}
            </FormSelect>
          )
        }}
      </Loaded>
    </FormGroup>
  )
}

/** Shown once there is a choice. */
function InstallerField({ value, onChange }: { value: string; onChange: (installer: string) => void }) {
  const { data: media = [] } = useMedia()
  if (media.length === 0) return null
  return (
    <Field label="Installer">
      {(id) => (
        <FormSelect id={id} value={value} onChange={(_, installer) => onChange(installer)}>
          <FormSelectOption value="" label="As the profile says, else Landfall's agent" />
          <FormSelectOption value="agent" label="Landfall's agent" />
          {media.map(({ id: mediaId, name }) => (
            <FormSelectOption key={mediaId} value={mediaId} label={`Anaconda of ${name}`} />
          ))}
        </FormSelect>
      )}
    </Field>
  )
}

function Refusals({ results, machines }: { results: BulkResult['results']; machines: AssignDialogProps['machines'] }) {
  const refused = results.filter(({ error }) => error !== null)
  if (refused.length === 0) return null
  const nameOf = (id: string): string => machines.find((machine) => machine.id === id)?.name ?? id
  return (
    <Alert component="h2" isInline variant="danger" title={`${refused.length} of ${results.length} refused`}>
      {refused.map(({ machineId, error }) => (
        <p key={machineId}>
          {nameOf(machineId)}: {error?.message} ({error?.code})
        </p>
      ))}
    </Alert>
  )
}

function Field({ label, hint, children }: { label: string; hint?: string; children: (id: string) => ReactNode }) {
  const id = `assign-${label.toLowerCase().replaceAll(' ', '-')}`
  return (
    <FormGroup label={label} fieldId={id}>
      {children(id)}
      {hint !== undefined && (
        <FormHelperText>
          <HelperText>
            <HelperTextItem>{hint}</HelperTextItem>
          </HelperText>
        </FormHelperText>
      )}
    </FormGroup>
  )
}
