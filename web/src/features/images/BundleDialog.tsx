// Takes in a bundle from a site with a line: a file that may be many gigabytes, so its bytes are shown as they go.

import { Progress, ProgressMeasureLocation } from '@patternfly/react-core'
import { useEffect, useRef, useState } from 'react'
import { formatBytes } from '../../../../server/contract/bytes.ts'
import { useImportBundle } from '../../api/upload.ts'
import { FileField } from '../../ui/FileField.tsx'
import { percentOf } from '../../ui/format.ts'
import { FormDialog } from '../../ui/FormDialog.tsx'

interface BundleDialogProps {
  onClose: () => void
  /** With the references of the images that came in. */
  onDone: (references: string[]) => void
}

export function BundleDialog({ onClose, onDone }: BundleDialogProps) {
  const [file, setFile] = useState<File>()
  const [sent, setSent] = useState(0)
  const { mutate, isPending, error } = useImportBundle()
  const leaving = useRef<AbortController>(undefined)
  useEffect(() => () => leaving.current?.abort(), [])

  const takeIn = (): void => {
    leaving.current = new AbortController()
    setSent(0)
    mutate({ file: file!, onSent: setSent, signal: leaving.current.signal }, { onSuccess: onDone })
  }

  return (
    <FormDialog
      title="Import a bundle"
      description="All of its images come in, with their signatures, or none of them. Policies of trust in it are not applied."
      action="Import"
      isComplete={file !== undefined}
      isBusy={isPending}
      error={error}
      refusal="Nothing was imported"
      isLarge
      onSubmit={takeIn}
      onClose={onClose}
    >
      <FileField
        id="bundle-file"
        name={file?.name}
        placeholder="landfall-bundle.tar"
        isDisabled={isPending}
        onChoose={setFile}
        onClear={() => setFile(undefined)}
      />
      {file && isPending && <Sending sent={sent} total={file.size} />}
    </FormDialog>
  )
}

function Sending({ sent, total }: { sent: number; total: number }) {
  const isSent = sent >= total
  return (
    <Progress
      aria-label="Import"
      measureLocation={ProgressMeasureLocation.outside}
      value={percentOf(sent, total)}
      helperText={isSent ? 'being checked and stored' : `${formatBytes(sent)} of ${formatBytes(total)} sent`}
    />
  )
}
