// Everything above the rows: choose, search, filter, act, look at it another way.

import {
  Button,
  Dropdown,
  DropdownItem,
  DropdownList,
  FormSelect,
  FormSelectOption,
  MenuToggle,
  Toolbar,
  ToolbarContent,
  ToolbarItem,
  ToolbarToggleGroup,
} from '@patternfly/react-core'
import { FilterIcon } from '@patternfly/react-icons'
import { useState } from 'react'
import type { ReactNode } from 'react'
import type { MachineFilter, MachineSort, SortOrder } from '../../../../server/contract/machine-filter.ts'
import type { MachineAction } from './actions.ts'
import { COLUMNS } from './columns.tsx'
import { ColumnsMenu } from './ColumnsMenu.tsx'
import { FileMenu } from './FileMenu.tsx'
import { FilterFields } from './FilterFields.tsx'
import { filterWith, paramsOf } from './inventory-address.ts'
import type { InventoryAddress } from './inventory-address.ts'
import { SearchField } from './SearchField.tsx'
import { countText } from './selection.ts'
import type { Chosen, Selection } from './selection.ts'
import { SelectionMenu } from './SelectionMenu.tsx'
import { ViewsMenu } from './ViewsMenu.tsx'

export interface InventoryToolbarProps {
  address: InventoryAddress
  columns: readonly string[]
  selection: Selection
  rows: readonly Chosen[]
  total: number
  onFilter: (change: Partial<MachineFilter>, replace?: boolean) => void
  onClear: () => void
  onSort: (change: { sort?: MachineSort; order?: SortOrder }) => void
  onSelect: (selection: Selection) => void
  onAction: (action: MachineAction) => void
  onAdd: () => void
  onImport: () => void
  onColumns: (columns: string[]) => void
  onView: (query: string) => void
  pages: ReactNode
}

export function InventoryToolbar(props: InventoryToolbarProps) {
  const { address, columns, selection, rows, total, onFilter, onClear, onSelect, onAction, onAdd, pages } = props
  const { filter } = address
  const { search = '' } = filter
  const count = selection === 'all' ? total : selection.size
  // What a view is: whatever page of it one looks at.
  const view = String(paramsOf({ ...address, cursor: '' }))
  return (
    <Toolbar clearAllFilters={onClear} clearFiltersButtonText="Clear all filters" collapseListedFiltersBreakpoint="md">
      <ToolbarContent>
        <ToolbarItem>
          <SelectionMenu selection={selection} rows={rows} total={total} onChange={onSelect} />
        </ToolbarItem>
        <ToolbarItem>
          {/* Each letter is not worth an entry of the history; the beginning of a search is. */}
          <SearchField value={search} onChange={(text) => onFilter({ search: text }, search !== '')} />
        </ToolbarItem>
        <ToolbarToggleGroup toggleIcon={<FilterIcon />} breakpoint="xl">
          <FilterFields filter={filterWith(filter, { search: '' })} onChange={onFilter} />
        </ToolbarToggleGroup>
        <ToolbarItem>
          <Button isDisabled={count === 0} onClick={() => onAction('assign')}>
            Assign image
          </Button>
        </ToolbarItem>
        <ToolbarItem>
          <MoreActions isDisabled={count === 0} onAction={onAction} />
        </ToolbarItem>
        <ToolbarItem>
          <Button variant="secondary" onClick={onAdd}>
            Add machine
          </Button>
        </ToolbarItem>
        <ToolbarItem>
          <FileMenu filter={filter} onImport={props.onImport} />
        </ToolbarItem>
        <ToolbarItem align={{ xl: 'alignEnd' }}>
          <ViewsMenu query={view} onOpen={props.onView} />
        </ToolbarItem>
        <ToolbarItem>
          <ColumnsMenu columns={columns} onChange={props.onColumns} />
        </ToolbarItem>
        <ToolbarItem visibility={{ default: 'visible', md: 'hidden' }}>
          <SortField {...address} onSort={props.onSort} />
        </ToolbarItem>
        <ToolbarItem variant="pagination">{pages}</ToolbarItem>
      </ToolbarContent>
      <div className="pf-v6-u-screen-reader" aria-live="polite">
        {count > 0 ? `${countText(count)} selected` : `${countText(total)} found`}
      </div>
    </Toolbar>
  )
}

function MoreActions({ isDisabled, onAction }: { isDisabled: boolean; onAction: (action: MachineAction) => void }) {
  const [isOpen, setOpen] = useState(false)
  const item = (action: MachineAction, title: string, isDanger = false) => (
    <DropdownItem
      isDanger={isDanger}
      onClick={() => {
        setOpen(false)
        onAction(action)
      }}
    >
      {title}
    </DropdownItem>
  )
  return (
    <Dropdown
      isOpen={isOpen}
      onOpenChange={setOpen}
      toggle={(ref) => (
        <MenuToggle ref={ref} isDisabled={isDisabled} isExpanded={isOpen} onClick={() => setOpen(!isOpen)}>
          More actions
        </MenuToggle>
      )}
    >
      <DropdownList>
        {item('label', 'Change labels')}
        {item('profile', 'Apply profile')}
        {item('reinstall', 'Reinstall', true)}
        {item('retire', 'Retire', true)}
      </DropdownList>
    </Dropdown>
  )
}

/** Where the rows are cards, and no column has a head to sort by. */
function SortField({ sort, order, onSort }: InventoryAddress & Pick<InventoryToolbarProps, 'onSort'>) {
  return (
    <FormSelect
      aria-label="Sort by"
      value={`${sort} ${order}`}
      onChange={(_, value) => {
        const [by, direction] = value.split(' ') as [MachineSort, SortOrder]
        onSort({ sort: by, order: direction })
      }}
    >
      {COLUMNS.flatMap(({ title, sort: by }) =>
        by === undefined
          ? []
          : [
              <FormSelectOption key={`${by} asc`} value={`${by} asc`} label={`${title}, rising`} />,
              <FormSelectOption key={`${by} desc`} value={`${by} desc`} label={`${title}, falling`} />,
            ],
      )}
    </FormSelect>
  )
}
