// The inventory: what is out there, what it should run, what is happening now.

import {
  Button,
  Content,
  EmptyState,
  EmptyStateActions,
  EmptyStateBody,
  EmptyStateFooter,
  FormSelect,
  FormSelectOption,
  PageSection,
  SearchInput,
  Title,
  Toolbar,
  ToolbarContent,
  ToolbarItem,
} from '@patternfly/react-core'
import { useState } from 'react'
import { useSearchParams } from 'react-router'
import { useMachines } from '../../api/queries.ts'
import type { MachineFilter } from '../../api/queries.ts'
import { useTitle } from '../../ui/title.ts'
import { Loaded } from '../../ui/Trouble.tsx'
import { AddMachineDialog } from './AddMachineDialog.tsx'
import { AssignDialog } from './AssignDialog.tsx'
import { MachineTable } from './MachineTable.tsx'

const STATES = [
  'discovered',
  'ready',
  'assigned',
  'booting',
  'installing',
  'rebooting',
  'deployed',
  'failed',
  'retired',
]

/** Filter and order live in the address, so that they can be shared and survive a reload. */
function useFilter(): [MachineFilter, (change: Partial<MachineFilter>) => void] {
  const [params, setParams] = useSearchParams()
  const change = (values: Partial<MachineFilter>): void => {
    // The address, not what was drawn last: a change that follows quickly must not undo the one before.
    const current = filterOf(new URLSearchParams(window.location.search))
    const entries = Object.entries({ ...current, ...values }).filter(([, value]) => value !== '')
    setParams(new URLSearchParams(entries), { replace: true })
  }
  return [filterOf(params), change]
}

function filterOf(params: URLSearchParams): MachineFilter {
  return {
    search: params.get('search') ?? '',
    state: params.get('state') ?? '',
    sort: params.get('sort') ?? 'createdAt',
    order: params.get('order') === 'asc' ? 'asc' : 'desc',
  }
}

export function MachinesPage() {
  useTitle('Machines')
  const [filter, setFilter] = useFilter()
  const result = useMachines(filter)
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set())
  const [dialog, setDialog] = useState<'assign' | 'add' | undefined>()
  const machines = result.data?.pages.flatMap(({ items }) => items)
  // What was filtered away or forgotten meanwhile is not acted upon: only what one sees is selected.
  const chosen = (machines ?? []).filter(({ id }) => selected.has(id))
  const filtered = filter.search !== '' || filter.state !== ''

  return (
    <>
      <PageSection>
        <Title headingLevel="h1">Machines</Title>
      </PageSection>
      <PageSection isFilled>
        <Toolbar>
          <ToolbarContent>
            <ToolbarItem>
              <SearchInput
                aria-label="Search by name, MAC, serial or product"
                placeholder="Name, MAC, serial, product"
                value={filter.search}
                onChange={(_, search) => setFilter({ search })}
                onClear={() => setFilter({ search: '' })}
              />
            </ToolbarItem>
            <ToolbarItem>
              <FormSelect aria-label="State" value={filter.state} onChange={(_, state) => setFilter({ state })}>
                <FormSelectOption value="" label="Every state" />
                {STATES.map((state) => (
                  <FormSelectOption key={state} value={state} label={state} />
                ))}
              </FormSelect>
            </ToolbarItem>
            <ToolbarItem>
              <Button isDisabled={chosen.length === 0} onClick={() => setDialog('assign')}>
                Assign image
              </Button>
            </ToolbarItem>
            <ToolbarItem>
              <Button variant="secondary" onClick={() => setDialog('add')}>
                Add machine
              </Button>
            </ToolbarItem>
            <ToolbarItem align={{ default: 'alignEnd' }} alignSelf="center">
              <Content component="small" aria-live="polite">
                {chosen.length > 0
                  ? `${chosen.length} selected`
                  : countOf(machines?.length, result.data?.pages.at(-1)?.total)}
              </Content>
            </ToolbarItem>
          </ToolbarContent>
        </Toolbar>
        <Loaded result={{ data: machines, error: result.error }} what="machines">
          {(rows) =>
            rows.length > 0 ? (
              <>
                <MachineTable
                  machines={rows}
                  selected={selected}
                  onSelect={setSelected}
                  sort={filter.sort}
                  order={filter.order}
                  onSort={(sort, order) => setFilter({ sort, order })}
                />
                {result.hasNextPage && (
                  <Button
                    variant="link"
                    isLoading={result.isFetchingNextPage}
                    onClick={() => void result.fetchNextPage()}
                  >
                    Show more
                  </Button>
                )}
              </>
            ) : filtered ? (
              <EmptyState titleText="No machine matches" headingLevel="h2">
                <EmptyStateFooter>
                  <EmptyStateActions>
                    <Button variant="link" onClick={() => setFilter({ search: '', state: '' })}>
                      Show all machines
                    </Button>
                  </EmptyStateActions>
                </EmptyStateFooter>
              </EmptyState>
            ) : (
              <NoMachines onAdd={() => setDialog('add')} />
            )
          }
        </Loaded>
      </PageSection>
      {dialog === 'assign' && (
        <AssignDialog
          machines={chosen}
          onClose={() => setDialog(undefined)}
          onAssigned={() => {
            setDialog(undefined)
            setSelected(new Set())
          }}
        />
      )}
      {dialog === 'add' && <AddMachineDialog onClose={() => setDialog(undefined)} />}
    </>
  )
}

function countOf(shown: number | undefined, total: number | undefined): string {
  if (shown === undefined || total === undefined) return ''
  const count = `${total} ${total === 1 ? 'machine' : 'machines'}`
  return shown < total ? `${shown} of ${count}` : count
}

function NoMachines({ onAdd }: { onAdd: () => void }) {
  return (
    <EmptyState titleText="No machines yet" headingLevel="h2">
      <EmptyStateBody>
        Power on a machine that boots from this network: it appears here by itself and waits for an image. What you know
        already can be added by its MAC address.
      </EmptyStateBody>
      <EmptyStateFooter>
        <EmptyStateActions>
          <Button variant="secondary" onClick={onAdd}>
            Add a machine
          </Button>
        </EmptyStateActions>
      </EmptyStateFooter>
    </EmptyState>
  )
}
