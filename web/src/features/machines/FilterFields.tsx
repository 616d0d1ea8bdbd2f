// The filters of the inventory beside its search: states, and one more condition at a time; what is set shows as labels that take it away.

import {
  Badge,
  Button,
  Form,
  FormSelect,
  FormSelectOption,
  InputGroup,
  InputGroupItem,
  MenuToggle,
  Select,
  SelectList,
  SelectOption,
  TextInput,
  ToolbarFilter,
  ToolbarItem,
} from '@patternfly/react-core'
import { useState } from 'react'
import type { MachineFilter } from '../../../../server/contract/machine-filter.ts'
import type { MachineState } from '../../../../server/contract/machine.ts'
import { useImages, useProfiles } from '../../api/queries.ts'
import { MACHINE_STATES } from '../../ui/StateLabel.tsx'

interface FieldProps {
  filter: MachineFilter
  onChange: (change: Partial<MachineFilter>) => void
}

export function FilterFields(props: FieldProps) {
  return (
    <>
      <StateFilter {...props} />
      <FurtherFilters {...props} />
    </>
  )
}

function StateFilter({ filter: { state = [] }, onChange }: FieldProps) {
  const [isOpen, setOpen] = useState(false)
  const toggled = (one: string): MachineState[] =>
    MACHINE_STATES.filter((name) => (name === one) !== state.includes(name))
  return (
    <ToolbarFilter
      categoryName="State"
      labels={[...state]}
      deleteLabel={(_, label) => onChange({ state: toggled(String(label)) })}
      deleteLabelGroup={() => onChange({ state: [] })}
    >
      <Select
        role="menu"
        isOpen={isOpen}
        onOpenChange={setOpen}
        selected={state}
        onSelect={(_, value) => onChange({ state: toggled(String(value)) })}
        toggle={(ref) => (
          <MenuToggle
            ref={ref}
            isExpanded={isOpen}
            onClick={() => setOpen(!isOpen)}
            {...(state.length > 0 && { badge: <Badge isRead>{state.length}</Badge> })}
          >
            State
          </MenuToggle>
        )}
      >
        <SelectList>
          {MACHINE_STATES.map((name) => (
            <SelectOption key={name} value={name} hasCheckbox isSelected={state.includes(name)}>
              {name}
            </SelectOption>
          ))}
        </SelectList>
      </Select>
    </ToolbarFilter>
  )
}

const CONDITIONS = [
  { key: 'label', title: 'Label' },
  { key: 'image', title: 'Image' },
  { key: 'profile', title: 'Profile' },
  { key: 'architecture', title: 'Architecture' },
  { key: 'firmware', title: 'Firmware' },
  { key: 'silent', title: 'Silent' },
] as const
type Condition = (typeof CONDITIONS)[number]['key']

function FurtherFilters({ filter, onChange }: FieldProps) {
  const [condition, setCondition] = useState<Condition>('label')
  return (
    <>
      <ToolbarItem>
        <FormSelect aria-label="Filter by" value={condition} onChange={(_, value) => setCondition(value as Condition)}>
          {CONDITIONS.map(({ key, title }) => (
            <FormSelectOption key={key} value={key} label={title} />
          ))}
        </FormSelect>
      </ToolbarItem>
      {CONDITIONS.map(({ key, title }) => (
        <ToolbarFilter
          key={key}
          categoryName={title}
          showToolbarItem={key === condition}
          labels={[filter[key] ?? []].flat()}
          deleteLabel={(_, gone) => onChange(without(filter, key, String(gone)))}
          deleteLabelGroup={() => onChange(without(filter, key))}
        >
          <ConditionField condition={key} filter={filter} onChange={onChange} />
        </ToolbarFilter>
      ))}
    </>
  )
}

function ConditionField({ condition, filter, onChange }: FieldProps & { condition: Condition }) {
  const { data: images = [] } = useImages()
  const { data: profiles = [] } = useProfiles()
  switch (condition) {
    case 'label':
      return <LabelField onAdd={(label) => onChange({ label: [...new Set([...(filter.label ?? []), label])] })} />
    case 'image':
      return (
        <ValueField
          title="Image"
          value={filter.image}
          values={images.map(({ reference }) => reference)}
          onChange={(image) => onChange({ image })}
        />
      )
    case 'profile':
      return (
        <ValueField
          title="Profile"
          value={filter.profile}
          values={profiles.map(({ name }) => name)}
          onChange={(profile) => onChange({ profile })}
        />
      )
    case 'architecture':
      return (
        <ValueField
          title="Architecture"
          value={filter.architecture}
          values={['amd64', 'arm64']}
          onChange={(architecture) => onChange({ architecture } as Partial<MachineFilter>)}
        />
      )
    case 'firmware':
      return (
        <ValueField
          title="Firmware"
          value={filter.firmware}
          values={['uefi', 'bios']}
          onChange={(firmware) => onChange({ firmware } as Partial<MachineFilter>)}
        />
      )
    case 'silent':
      return (
        <ValueField
          title="Silent"
          value={filter.silent}
          values={['true', 'false']}
          onChange={(silent) => onChange({ silent } as Partial<MachineFilter>)}
        />
      )
  }
}

function ValueField({
  title,
  value = '',
  values,
  onChange,
}: {
  title: string
  value: string | undefined
  values: readonly string[]
  onChange: (value: string) => void
}) {
  // One that is in the address may be gone from the server.
  const shown = value === '' || values.includes(value) ? values : [value, ...values]
  return (
    <FormSelect aria-label={title} value={value} onChange={(_, chosen) => onChange(chosen)}>
      <FormSelectOption value="" label="Any" />
      {shown.map((one) => (
        <FormSelectOption key={one} value={one} label={one} />
      ))}
    </FormSelect>
  )
}

function LabelField({ onAdd }: { onAdd: (label: string) => void }) {
  const [text, setText] = useState('')
  return (
    <Form
      onSubmit={(event) => {
        event.preventDefault()
        if (text.trim() === '') return
        onAdd(text.trim())
        setText('')
      }}
    >
      <InputGroup>
        <InputGroupItem isFill>
          <TextInput
            aria-label="Label to filter by"
            placeholder="rack=r12, or rack"
            value={text}
            onChange={(_, typed) => setText(typed)}
          />
        </InputGroupItem>
        <InputGroupItem>
          <Button type="submit" variant="control" isDisabled={text.trim() === ''}>
            Filter
          </Button>
        </InputGroupItem>
      </InputGroup>
    </Form>
  )
}

function without(filter: MachineFilter, key: Condition, value?: string): Partial<MachineFilter> {
  if (key !== 'label' || value === undefined) return { [key]: undefined }
  return { label: (filter.label ?? []).filter((label) => label !== value) }
}
