// Which columns the inventory shows.

import { MenuToggle, Select, SelectList, SelectOption } from '@patternfly/react-core'
import { ColumnsIcon } from '@patternfly/react-icons'
import { useState } from 'react'
import { COLUMNS } from './columns.tsx'

export function ColumnsMenu({
  columns,
  onChange,
}: {
  columns: readonly string[]
  onChange: (columns: string[]) => void
}) {
  const [isOpen, setOpen] = useState(false)
  const toggle = (one: unknown): void =>
    onChange(COLUMNS.map(({ key }) => key).filter((key) => (key === one) !== columns.includes(key)))
  return (
    <Select
      role="menu"
      isOpen={isOpen}
      onOpenChange={setOpen}
      onSelect={(_, value) => toggle(value)}
      popperProps={{ position: 'end' }}
      toggle={(ref) => (
        <MenuToggle
          ref={ref}
          variant="plain"
          icon={<ColumnsIcon />}
          aria-label="Columns"
          isExpanded={isOpen}
          onClick={() => setOpen(!isOpen)}
        />
      )}
    >
      <SelectList>
        {COLUMNS.map(({ key, title }) => (
          <SelectOption
            key={key}
            value={key}
            hasCheckbox
            isSelected={key === 'name' || columns.includes(key)}
            isDisabled={key === 'name'}
          >
            {title}
          </SelectOption>
        ))}
      </SelectList>
    </Select>
  )
}
