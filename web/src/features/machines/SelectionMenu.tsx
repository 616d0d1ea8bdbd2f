// Chooses nothing, the page or everything that matches, with the number of each.

import { Dropdown, DropdownItem, DropdownList, MenuToggle, MenuToggleCheckbox } from '@patternfly/react-core'
import { useState } from 'react'
import { countText, NOTHING, withChosen } from './selection.ts'
import type { Chosen, Selection } from './selection.ts'

export interface SelectionMenuProps {
  selection: Selection
  /** Those that one sees. */
  rows: readonly Chosen[]
  total: number
  onChange: (selection: Selection) => void
}

export function SelectionMenu({ selection, rows, total, onChange }: SelectionMenuProps) {
  const [isOpen, setOpen] = useState(false)
  const count = selection === 'all' ? total : selection.size
  const choose = (next: Selection): void => {
    setOpen(false)
    onChange(next)
  }
  const page = (): Selection => withChosen(NOTHING, rows, true, rows)
  return (
    <Dropdown
      isOpen={isOpen}
      onOpenChange={setOpen}
      toggle={(ref) => (
        <MenuToggle
          ref={ref}
          isExpanded={isOpen}
          onClick={() => setOpen(!isOpen)}
          aria-label="Choose machines"
          splitButtonItems={[
            <MenuToggleCheckbox
              key="all"
              id="select-page"
              aria-label={count > 0 ? 'Select none' : 'Select page'}
              isChecked={count === 0 ? false : count === total ? true : null}
              onChange={() => choose(count > 0 ? NOTHING : page())}
            >
              {count > 0 ? `${count} selected` : ''}
            </MenuToggleCheckbox>,
          ]}
        />
      )}
    >
      <DropdownList>
        <DropdownItem onClick={() => choose(NOTHING)}>Select none</DropdownItem>
        <DropdownItem onClick={() => choose(page())}>Select page ({countText(rows.length)})</DropdownItem>
        <DropdownItem onClick={() => choose('all')}>Select all {total} matching</DropdownItem>
      </DropdownList>
    </Dropdown>
  )
}
