// Chooses what machines shall become, and says what that costs them.

import {
  Alert,
  ExpandableSection,
  FormGroup,
  FormHelperText,
  FormSelect,
  FormSelectOption,
  HelperText,
  HelperTextItem,
  Stack,
  TextArea,
  TextInput,
} from '@patternfly/react-core'
import { useState } from 'react'
import type { ReactNode } from 'react'
import { Link } from 'react-router'
import { formatBytes } from '../../../../server/contract/bytes.ts'
import type { Image } from '../../../../server/contract/image.ts'
import { useImages, useMedia } from '../../api/queries.ts'
import { shortDigest } from '../../ui/format.ts'
import { Loaded } from '../../ui/Trouble.tsx'
import { FitChecks } from './FitChecks.tsx'
import { EMPTY_ASSIGNMENT, specOf } from './assignment.ts'
import type { Assignment } from './assignment.ts'
import { BulkDialog } from './BulkDialog.tsx'
import { countText } from './selection.ts'
import type { Target } from './selection.ts'

export interface AssignDialogProps {
  target: Target
  onClose: () => void
  onAssigned: (image: string) => void
}

export function AssignDialog({ target, onClose, onAssigned }: AssignDialogProps) {
  const [values, setValues] = useState<Assignment>(EMPTY_ASSIGNMENT)
  const [isOpen, setOpen] = useState(false)
  const images = useImages()
  const bootable = images.data?.filter(isBootable)
  // The only one there is needs no choice: then it is two clicks to assign it to hundreds.
  const image = values.image === '' && bootable?.length === 1 ? bootable[0]!.reference : values.image
  const set = (change: Partial<Assignment>): void => setValues({ ...values, ...change })
  const count = countText(target.count)
  const [single] = target.count === 1 ? target.machines : []

  return (
    <BulkDialog
      title={`Assign an image to ${single?.name ?? count}`}
      verb={`Assign to ${count}`}
      target={target}
      action={image === '' ? undefined : { type: 'assign', image, spec: specOf(values) }}
      isLarge
      onClose={onClose}
      onDone={() => onAssigned(image)}
    >
      <FormGroup label="Image" fieldId="assign-image" isRequired>
        <Loaded result={{ data: bootable, error: images.error }} what="images">
          {(list) => <ImageField images={list} value={image} onChange={(chosen) => set({ image: chosen })} />}
        </Loaded>
      </FormGroup>
      <FitChecks image={image} machines={target.machines} />
      {single && (
        <Field label="Hostname" hint={`By default ${single.name}.`}>
          {(id) => <TextInput id={id} value={values.hostname} onChange={(_, hostname) => set({ hostname })} />}
        </Field>
      )}
      <ExpandableSection toggleText="Options" isExpanded={isOpen} onToggle={(_, open) => setOpen(open)}>
        <Stack hasGutter>
          <InstallerField value={values.installer} onChange={(installer) => set({ installer })} />
          <Field label="Root SSH key" hint="One public key per line, as in authorized_keys.">
            {(id) => <TextArea id={id} value={values.sshKeys} rows={3} onChange={(_, sshKeys) => set({ sshKeys })} />}
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
            {(id) => <TextInput id={id} value={values.diskSerial} onChange={(_, diskSerial) => set({ diskSerial })} />}
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
          <Field label="At the end" hint="kexec goes straight on into the system; where that is forbidden it restarts.">
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
        title={`On ${single?.name ?? `each of ${count}`}, the one matching disk is erased`}
      >
        If none matches, or more than one, nothing is written and the install fails with the reason. {startText(target)}
      </Alert>
    </BulkDialog>
  )
}

function isBootable({ platforms }: Image): boolean {
  return platforms.some(({ bootable }) => bootable)
}

function startText({ machines, count }: Target): string {
  const mayRun = machines.length < count || machines.some(({ state }) => state === 'deployed')
  if (!mayRun) return 'Machines that wait in the installer start at once, others at their next network boot.'
  return 'Machines that wait in the installer start at once; those that run an image do so until they are rebooted from the network.'
}

function ImageField({
  images,
  value,
  onChange,
}: {
  images: readonly Image[]
  value: string
  onChange: (image: string) => void
}) {
  if (images.length === 0) {
    return (
      <p>
        There is no bootable image in the store yet: <Link to="/images">bring one in</Link> first.
      </p>
    )
  }
  return (
    <FormSelect id="assign-image" value={value} onChange={(_, image) => onChange(image)} isRequired>
      <FormSelectOption value="" label="Choose an image" isPlaceholder isDisabled />
      {images.map(({ reference, platforms, digest }) => (
        <FormSelectOption
          key={reference}
          value={reference}
          label={`${reference} (${formatBytes(platforms[0]!.size)}, ${shortDigest(digest)})`}
        />
      ))}
    </FormSelect>
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
