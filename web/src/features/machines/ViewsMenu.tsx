// Goes to a view of the inventory, and gives the one that is open a name.

import {
  Button,
  Divider,
  Dropdown,
  DropdownGroup,
  DropdownItem,
  DropdownList,
  FormGroup,
  List,
  ListItem,
  MenuToggle,
  TextInput,
} from '@patternfly/react-core'
import { useState } from 'react'
import { FormDialog } from '../../ui/FormDialog.tsx'
import { COMMON_VIEWS, useSavedViews } from './saved-views.ts'
import type { SavedView } from './saved-views.ts'

/** `query` is what the page shows now. */
export function ViewsMenu({ query, onOpen }: { query: string; onOpen: (query: string) => void }) {
  const saved = useSavedViews()
  const [isOpen, setOpen] = useState(false)
  const [isNaming, setNaming] = useState(false)
  const current = [...saved.views, ...COMMON_VIEWS].find((view) => view.query === query)
  const item = (view: SavedView) => (
    <DropdownItem
      key={view.name}
      isSelected={view === current}
      onClick={() => {
        setOpen(false)
        onOpen(view.query)
      }}
    >
      {view.name}
    </DropdownItem>
  )
  return (
    <>
      <Dropdown
        isOpen={isOpen}
        onOpenChange={setOpen}
        toggle={(ref) => (
          <MenuToggle ref={ref} isExpanded={isOpen} onClick={() => setOpen(!isOpen)}>
            View: {current?.name ?? 'unsaved'}
          </MenuToggle>
        )}
      >
        <DropdownList>{COMMON_VIEWS.map(item)}</DropdownList>
        {saved.views.length > 0 && (
          <DropdownGroup label="Saved in this browser" labelHeadingLevel="h2">
            <DropdownList>{saved.views.map(item)}</DropdownList>
          </DropdownGroup>
        )}
        <Divider />
        <DropdownList>
          <DropdownItem
            onClick={() => {
              setOpen(false)
              setNaming(true)
            }}
          >
            Save or remove views
          </DropdownItem>
        </DropdownList>
      </Dropdown>
      {isNaming && <ViewsDialog {...saved} query={query} onClose={() => setNaming(false)} />}
    </>
  )
}

type ViewsDialogProps = ReturnType<typeof useSavedViews> & { query: string; onClose: () => void }

function ViewsDialog({ views, save, remove, query, onClose }: ViewsDialogProps) {
  const [name, setName] = useState('')
  return (
    <FormDialog
      title="Views"
      description="A view is the filter, order and columns that you see now. It is kept in this browser; its address can be shared."
      action="Save this view"
      isComplete={name.trim() !== ''}
      isBusy={false}
      error={null}
      refusal="The view was not saved"
      leave="Close"
      onSubmit={() => {
        save({ name: name.trim(), query })
        onClose()
      }}
      onClose={onClose}
    >
      <FormGroup label="Name" fieldId="view-name">
        <TextInput id="view-name" value={name} onChange={(_, value) => setName(value)} />
      </FormGroup>
      {views.length > 0 && (
        <List isPlain aria-label="Saved views">
          {views.map((view) => (
            <ListItem key={view.name}>
              {view.name}{' '}
              <Button variant="link" isInline onClick={() => remove(view.name)} aria-label={`Remove ${view.name}`}>
                Remove
              </Button>
            </ListItem>
          ))}
        </List>
      )}
    </FormDialog>
  )
}
