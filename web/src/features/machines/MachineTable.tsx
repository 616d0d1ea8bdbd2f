// The rows of the inventory.

import { Checkbox, MenuToggle } from '@patternfly/react-core'
import { EllipsisVIcon } from '@patternfly/react-icons'
import { ActionsColumn, Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table'
import type { ThProps } from '@patternfly/react-table'
import type { MachineSort, SortOrder } from '../../../../server/contract/machine-filter.ts'
import type { MachineSummary } from '../../../../server/contract/machine.ts'
import type { MachineAction } from './actions.ts'
import { columnsOf } from './columns.tsx'
import { isChosen } from './selection.ts'
import type { Selection } from './selection.ts'

export interface MachineTableProps {
  machines: readonly MachineSummary[]
  columns: readonly string[]
  selection: Selection
  onSelect: (machine: MachineSummary, isSelected: boolean) => void
  sort: MachineSort
  order: SortOrder
  onSort: (sort: MachineSort, order: SortOrder) => void
  onAction: (action: MachineAction, machine: MachineSummary) => void
  /** The rows are those of the question before, until the answer comes. */
  isStale: boolean
}

const ROW_ACTIONS: readonly { title: string; action: MachineAction }[] = [
  { title: 'Assign image', action: 'assign' },
  { title: 'Change labels', action: 'label' },
  { title: 'Apply profile', action: 'profile' },
  { title: 'Reinstall', action: 'reinstall' },
  { title: 'Retire', action: 'retire' },
]

export function MachineTable(props: MachineTableProps) {
  const { machines, selection, onSelect, sort, order, onSort, onAction, isStale } = props
  const columns = columnsOf(props.columns)
  const sortProps = (key: MachineSort | undefined, columnIndex: number): ThProps => {
    if (key === undefined) return {}
    const index = columns.findIndex((column) => column.sort === sort)
    return {
      sort: {
        columnIndex,
        sortBy: { ...(index >= 0 && { index }), direction: order },
        onSort: (_event, _index, direction) => onSort(key, direction),
      },
    }
  }
  return (
    <div className="lf-table">
      <Table aria-label="Machines" variant="compact" aria-busy={isStale} className={isStale ? 'lf-stale' : ''}>
        <Thead>
          <Tr>
            <Th screenReaderText="Selected" />
            {columns.map((column, at) => (
              <Th key={column.key} modifier="nowrap" {...sortProps(column.sort, at)}>
                {column.title}
              </Th>
            ))}
            <Th screenReaderText="Actions" />
          </Tr>
        </Thead>
        <Tbody>
          {machines.map((machine) => (
            <Tr key={machine.id} isRowSelected={isChosen(selection, machine.id)}>
              {/* Our own: the table's would call them by numbers. */}
              <Td className="pf-v6-c-table__check">
                <Checkbox
                  id={`select-${machine.id}`}
                  aria-label={`Select ${machine.name}`}
                  isChecked={isChosen(selection, machine.id)}
                  onChange={(_, isSelected) => onSelect(machine, isSelected)}
                />
              </Td>
              {columns.map(({ key, title, className, cell }) => (
                <Td key={key} dataLabel={title} {...(className !== undefined && { className })}>
                  {cell(machine)}
                </Td>
              ))}
              <Td isActionCell>
                <ActionsColumn
                  // Beyond the table, which would cut it off where it scrolls.
                  popperProps={{ appendTo: () => document.body }}
                  items={ROW_ACTIONS.map(({ title, action }) => ({ title, onClick: () => onAction(action, machine) }))}
                  actionsToggle={({ onToggle, isOpen, toggleRef }) => (
                    <MenuToggle
                      ref={toggleRef}
                      variant="plain"
                      icon={<EllipsisVIcon />}
                      aria-label={`Actions for ${machine.name}`}
                      isExpanded={isOpen}
                      onClick={onToggle}
                    />
                  )}
                />
              </Td>
            </Tr>
          ))}
        </Tbody>
      </Table>
    </div>
  )
}
