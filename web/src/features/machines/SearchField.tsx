// The search box: what is typed takes effect when the typing pauses.

import { SearchInput } from '@patternfly/react-core'
import { useEffect, useEffectEvent, useState } from 'react'

const PAUSE_MS = 250

export function SearchField({ value, onChange }: { value: string; onChange: (search: string) => void }) {
  const [text, setText] = useState(value)
  const [known, setKnown] = useState(value)
  const apply = useEffectEvent((search: string) => {
    setKnown(search)
    onChange(search)
  })
  useEffect(() => {
    if (text === known) return
    const timer = setTimeout(() => apply(text), PAUSE_MS)
    return () => clearTimeout(timer)
  }, [text, known])
  // Changed from elsewhere, as by the back button; not by what was typed here and is on its way.
  const [before, setBefore] = useState(value)
  if (value !== before) {
    setBefore(value)
    if (value !== known) {
      setKnown(value)
      setText(value)
    }
  }
  return (
    <SearchInput
      aria-label="Search by name, MAC, serial or product"
      placeholder="Name, MAC, serial, product"
      value={text}
      onChange={(_, typed) => setText(typed)}
      onClear={() => setText('')}
    />
  )
}
