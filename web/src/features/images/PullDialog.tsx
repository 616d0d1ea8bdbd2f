// Copies an image from a registry, showing its bytes as they come.

import { formatBytes } from '../../../../server/contract/bytes.ts'
import { Checkbox, FormGroup, Progress, ProgressMeasureLocation, TextInput } from '@patternfly/react-core'
import { useState } from 'react'
import type { ImageProgress, PullRequest } from '../../../../server/contract/image.ts'
import { ApiError, operate } from '../../api/client.ts'
import { percentOf } from '../../ui/format.ts'
import { FormDialog } from '../../ui/FormDialog.tsx'

type Running = Extract<ImageProgress, { type: 'progress' }>

export function PullDialog({ onClose }: { onClose: () => void }) {
  const [reference, setReference] = useState('')
  const [name, setName] = useState('')
  const [insecure, setInsecure] = useState(false)
  const [progress, setProgress] = useState<Running | 'starting'>()
  const [error, setError] = useState<Error>()

  const pull = async (): Promise<void> => {
    setError(undefined)
    setProgress('starting')
    const request: PullRequest = {
      reference: reference.trim(),
      insecure,
      ...(name.trim() !== '' && { as: name.trim() }),
    }
    try {
      await operate<ImageProgress>('/images/pull', request, (line) => {
        if (line.type === 'progress') setProgress(line)
        if (line.type === 'failed') throw new ApiError(200, line.code, line.message, line.hint)
      })
      onClose()
    } catch (failure) {
      setError(failure instanceof Error ? failure : new Error(String(failure)))
      setProgress(undefined)
    }
  }

  return (
    <FormDialog
      title="Pull an image from a registry"
      action="Pull"
      isLarge
      isComplete={reference.trim() !== ''}
      isBusy={progress !== undefined}
      error={error ?? null}
      refusal="The image was not pulled"
      leave={progress === undefined ? 'Cancel' : 'Hide'}
      onSubmit={() => void pull()}
      onClose={onClose}
    >
      <FormGroup label="Reference" fieldId="pull-reference" isRequired>
        <TextInput
          id="pull-reference"
          value={reference}
          placeholder="registry.example/os/web:stable"
          onChange={(_, value) => setReference(value)}
          isRequired
        />
      </FormGroup>
      <FormGroup label="Name here" fieldId="pull-name">
        <TextInput
          id="pull-name"
          value={name}
          placeholder="As in the registry"
          onChange={(_, value) => setName(value)}
        />
      </FormGroup>
      <Checkbox
        id="pull-insecure"
        label="The registry speaks plain HTTP"
        isChecked={insecure}
        onChange={(_, checked) => setInsecure(checked)}
      />
      {progress && <PullProgress progress={progress} />}
    </FormDialog>
  )
}

function PullProgress({ progress }: { progress: Running | 'starting' }) {
  if (progress === 'starting') return <Progress aria-label="Pull" value={0} helperText="asking the registry" />
  const { bytes, totalBytes, message } = progress
  return (
    <Progress
      aria-label="Pull"
      measureLocation={ProgressMeasureLocation.outside}
      value={percentOf(bytes, totalBytes)}
      helperText={`${message}: ${formatBytes(bytes)} of ${formatBytes(totalBytes)}`}
    />
  )
}
