// A digest, short; whole on hover and in the clipboard.

import { ClipboardCopy, ClipboardCopyVariant } from '@patternfly/react-core'
import { shortDigest } from './format.ts'

export function Digest({ digest, whole = false }: { digest: string | null; whole?: boolean }) {
  if (digest === null) return <span className="lf-subtle">none</span>
  if (!whole) {
    return (
      <span className="lf-mono" title={digest}>
        {shortDigest(digest)}
      </span>
    )
  }
  return (
    <ClipboardCopy variant={ClipboardCopyVariant.inlineCompact} isCode hoverTip="Copy" clickTip="Copied">
      {digest}
    </ClipboardCopy>
  )
}
