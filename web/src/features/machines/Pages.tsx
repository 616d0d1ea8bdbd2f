// Which machines of how many are shown, and the way to the next ones.

import { Pagination } from '@patternfly/react-core'
import type { MachinePage } from '../../../../server/contract/machine.ts'
import { PAGE_SIZES } from './inventory-address.ts'
import type { InventoryAddress } from './inventory-address.ts'

export interface PagesProps {
  address: InventoryAddress
  page: MachinePage | undefined
  onTurn: (to: 'first' | 'previous' | { next: string }) => void
  onLimit: (limit: number) => void
  isBottom?: boolean
}

export function Pages({ address: { page: number, limit }, page, onTurn, onLimit, isBottom = false }: PagesProps) {
  const { total = 0, nextCursor = null } = page ?? {}
  if (isBottom && total <= limit) return null
  return (
    <Pagination
      widgetId={isBottom ? 'pages-bottom' : 'pages-top'}
      variant={isBottom ? 'bottom' : 'top'}
      isCompact
      isStatic
      itemCount={total}
      page={number}
      perPage={limit}
      perPageOptions={PAGE_SIZES.map((value) => ({ title: String(value), value }))}
      onPerPageSelect={(_, chosen) => onLimit(chosen)}
      onNextClick={() => nextCursor !== null && onTurn({ next: nextCursor })}
      onPreviousClick={() => onTurn('previous')}
      titles={{
        items: 'machines',
        paginationAriaLabel: isBottom ? 'Pages, below' : 'Pages',
        optionsToggleAriaLabel: 'Machines per page',
      }}
    />
  )
}
