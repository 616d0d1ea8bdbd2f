// Labels of a machine, in a row.

import { Label } from '@patternfly/react-core'
import type { Labels } from '../../../../server/contract/common.ts'
import { labelText } from './labels.ts'

export function LabelList({ labels }: { labels: Labels }) {
  const texts = Object.entries(labels).map(labelText)
  if (texts.length === 0) return <span className="lf-subtle">none</span>
  return (
    <span className="lf-labels">
      {texts.map((text) => (
        <Label key={text} isCompact variant="outline">
          {text}
        </Label>
      ))}
    </span>
  )
}
