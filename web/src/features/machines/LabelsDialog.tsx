// Sets and removes labels of machines.

import { FormGroup, FormHelperText, HelperText, HelperTextItem, TextArea } from '@patternfly/react-core'
import { useState } from 'react'
import { BulkDialog } from './BulkDialog.tsx'
import { linesOf, parseLabels } from './labels.ts'
import { countText } from './selection.ts'
import type { ActionProps } from './actions.ts'

export function LabelsDialog({ target, onClose, onDone }: ActionProps) {
  const [set, setSet] = useState('')
  const [remove, setRemove] = useState('')
  const labels = parseLabels(set)
  const keys = linesOf(remove)
  const isComplete = Object.keys(labels).length + keys.length > 0
  const count = countText(target.count)
  return (
    <BulkDialog
      title={`Change labels of ${count}`}
      verb="Change labels"
      target={target}
      action={isComplete ? { type: 'label', set: labels, remove: keys } : undefined}
      onClose={onClose}
      onDone={() => onDone(`Labels of ${count} changed`)}
    >
      <FormGroup label="Set" fieldId="labels-set">
        <TextArea id="labels-set" value={set} rows={3} onChange={(_, value) => setSet(value)} />
        <FormHelperText>
          <HelperText>
            <HelperTextItem>One per line: rack=r12. Labels that are not named stay as they are.</HelperTextItem>
          </HelperText>
        </FormHelperText>
      </FormGroup>
      <FormGroup label="Remove" fieldId="labels-remove">
        <TextArea id="labels-remove" value={remove} rows={2} onChange={(_, value) => setRemove(value)} />
        <FormHelperText>
          <HelperText>
            <HelperTextItem>One key per line: rack</HelperTextItem>
          </HelperText>
        </FormHelperText>
      </FormGroup>
    </BulkDialog>
  )
}
