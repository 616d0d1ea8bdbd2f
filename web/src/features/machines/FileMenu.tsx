// The inventory as a file: in, and out for all that the filter means.

import { Divider, Dropdown, DropdownItem, DropdownList, MenuToggle } from '@patternfly/react-core'
import { useState } from 'react'
import type { ExportFormat } from '../../../../server/contract/document.ts'
import type { MachineFilter } from '../../../../server/contract/machine-filter.ts'
import { filterParams } from './inventory-address.ts'

const DOWNLOADS: [ExportFormat, string][] = [
  ['csv', 'Download as CSV'],
  ['yaml', 'Download as YAML'],
  ['netbox', 'Download for NetBox'],
]

export function FileMenu({ filter, onImport }: { filter: MachineFilter; onImport: () => void }) {
  const [isOpen, setOpen] = useState(false)
  const address = (format: ExportFormat): string => {
    const params = filterParams(filter)
    params.set('format', format)
    return `/api/v1/machines/export?${params}`
  }
  return (
    <Dropdown
      isOpen={isOpen}
      onOpenChange={setOpen}
      onSelect={() => setOpen(false)}
      toggle={(ref) => (
        <MenuToggle ref={ref} isExpanded={isOpen} onClick={() => setOpen(!isOpen)}>
          Import and export
        </MenuToggle>
      )}
    >
      <DropdownList>
        <DropdownItem onClick={onImport}>Import machines</DropdownItem>
        <Divider component="li" />
        {DOWNLOADS.map(([format, title]) => (
          <DropdownItem key={format} to={address(format)} component="a" download="">
            {title}
          </DropdownItem>
        ))}
      </DropdownList>
    </Dropdown>
  )
}
