// The inventory: what is out there, what it should run, what is happening now.

import {
  Alert,
  AlertActionCloseButton,
  AlertGroup,
  Button,
  EmptyState,
  EmptyStateActions,
  EmptyStateBody,
  EmptyStateFooter,
  PageSection,
  Title,
} from '@patternfly/react-core'
import { useState } from 'react'
import { Link } from 'react-router'
import type { MachineFilter } from '../../../../server/contract/machine-filter.ts'
import { useMachines } from '../../api/queries.ts'
import { useTitle } from '../../ui/title.ts'
import { Loaded } from '../../ui/Trouble.tsx'
import { ActionDialog } from './ActionDialog.tsx'
import type { MachineAction } from './actions.ts'
import { AddMachineDialog } from './AddMachineDialog.tsx'
import { DEFAULT_COLUMNS } from './columns.tsx'
import { filterParams, filterWith, isFiltered, pageQuery } from './inventory-address.ts'
import { ImportDialog } from './ImportDialog.tsx'
import { InventoryToolbar } from './InventoryToolbar.tsx'
import { MachineTable } from './MachineTable.tsx'
import { Pages } from './Pages.tsx'
import { rememberColumns, rememberedColumns } from './saved-views.ts'
import { NOTHING, targetOf, targetOfMachines, withChosen } from './selection.ts'
import type { Selection, Target } from './selection.ts'
import { useInventoryAddress } from './use-inventory-address.ts'

const NOTICE_MS = 8000

export function MachinesPage() {
  useTitle('Machines')
  const { address, change, goTo, turnPage } = useInventoryAddress()
  const { filter, sort, order } = address
  const result = useMachines(pageQuery(address))
  const [selection, select] = useSelection(filter)
  const [dialog, setDialog] = useState<{ action: MachineAction; target: Target } | 'add' | 'import'>()
  const [notice, setNotice] = useState<string>()
  const columns = address.columns ?? rememberedColumns() ?? DEFAULT_COLUMNS
  const rows = result.data?.items ?? []
  const total = result.data?.total ?? 0
  const close = (): void => setDialog(undefined)
  const setFilter = (values: Partial<MachineFilter>, replace = false): void =>
    change({ filter: filterWith(filter, values) }, { replace })

  return (
    <>
      <PageSection>
        <Title headingLevel="h1">Machines</Title>
      </PageSection>
      <PageSection isFilled>
        <InventoryToolbar
          address={address}
          columns={columns}
          selection={selection}
          rows={rows}
          total={total}
          onFilter={setFilter}
          onClear={() => change({ filter: {} })}
          onSort={(values) => change(values)}
          onSelect={select}
          onAction={(action) => setDialog({ action, target: targetOf(selection, filter, total) })}
          onAdd={() => setDialog('add')}
          onImport={() => setDialog('import')}
          onColumns={(keys) => {
            rememberColumns(keys)
            change({ columns: keys }, { replace: true })
          }}
          onView={goTo}
          pages={
            <Pages address={address} page={result.data} onTurn={turnPage} onLimit={(limit) => change({ limit })} />
          }
        />
        <Loaded result={result} what="machines">
          {({ items }) =>
            items.length > 0 ? (
              <>
                <MachineTable
                  machines={items}
                  columns={columns}
                  selection={selection}
                  onSelect={(machine, isSelected) => select(withChosen(selection, [machine], isSelected, items))}
                  sort={sort}
                  order={order}
                  onSort={(by, direction) => change({ sort: by, order: direction })}
                  onAction={(action, machine) => setDialog({ action, target: targetOfMachines([machine]) })}
                  isStale={result.isPlaceholderData}
                />
                <Pages
                  address={address}
                  page={result.data}
                  onTurn={turnPage}
                  onLimit={(limit) => change({ limit })}
                  isBottom
                />
              </>
            ) : isFiltered(filter) || address.cursor !== '' ? (
              <NothingMatches onShowAll={() => change({ filter: {} })} />
            ) : (
              <NoMachines onAdd={() => setDialog('add')} />
            )
          }
        </Loaded>
      </PageSection>
      {dialog === 'add' && <AddMachineDialog onClose={close} />}
      {dialog === 'import' && (
        <ImportDialog
          onClose={close}
          onDone={(done) => {
            close()
            setNotice(done)
          }}
        />
      )}
      {typeof dialog === 'object' && (
        <ActionDialog
          {...dialog}
          onClose={close}
          onDone={(done) => {
            close()
            select(NOTHING)
            setNotice(done)
          }}
        />
      )}
      <AlertGroup isToast isLiveRegion>
        {notice !== undefined && (
          <Alert
            key={notice}
            component="p"
            variant="success"
            title={notice}
            timeout={NOTICE_MS}
            onTimeout={() => setNotice(undefined)}
            actionClose={<AlertActionCloseButton onClose={() => setNotice(undefined)} />}
          />
        )}
      </AlertGroup>
    </>
  )
}

/** What is chosen, for as long as the filter means the same: nobody acts upon what was filtered away. */
function useSelection(filter: MachineFilter): [Selection, (selection: Selection) => void] {
  const meaning = String(filterParams(filter))
  const [kept, setKept] = useState<{ meaning: string; selection: Selection }>({ meaning, selection: NOTHING })
  const selection = kept.meaning === meaning ? kept.selection : NOTHING
  return [selection, (next) => setKept({ meaning, selection: next })]
}

function NothingMatches({ onShowAll }: { onShowAll: () => void }) {
  return (
    <EmptyState titleText="No machine matches" headingLevel="h2">
      <EmptyStateBody>The search looks in name, MAC, serial, UUID, address, vendor and product.</EmptyStateBody>
      <EmptyStateFooter>
        <EmptyStateActions>
          <Button variant="link" onClick={onShowAll}>
            Show all machines
          </Button>
        </EmptyStateActions>
      </EmptyStateFooter>
    </EmptyState>
  )
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
        <EmptyStateActions>
          <Link to="/setup">Go through the first set-up</Link>
        </EmptyStateActions>
      </EmptyStateFooter>
    </EmptyState>
  )
}
