// The inventory's address bar: reads it, changes it, and turns pages in a way that the back button understands.

import { useLocation, useSearchParams } from 'react-router'
import { addressOf, paramsOf } from './inventory-address.ts'
import type { InventoryAddress } from './inventory-address.ts'

/** Kept with the entry of the history: cursors lead only forwards. */
interface PageTrail {
  /** Where the pages before this one begin. */
  cursors?: string[]
}

export function useInventoryAddress() {
  const [params, setParams] = useSearchParams()
  const { cursors = [] } = (useLocation().state ?? {}) as PageTrail
  const address = addressOf(params)

  /** Anything but turning pages leads to the first page. */
  const change = (values: Partial<InventoryAddress>, { replace = false } = {}): void => {
    // The address, not what was drawn last: a change that follows quickly must not undo the one before.
    const current = addressOf(new URLSearchParams(window.location.search))
    setParams(paramsOf({ ...current, cursor: '', page: 1, ...values }), { replace })
  }

  const turnPage = (to: 'first' | 'previous' | { next: string }): void => {
    if (typeof to === 'object') {
      const trail: PageTrail = { cursors: [...cursors, address.cursor] }
      setParams(paramsOf({ ...address, cursor: to.next, page: address.page + 1 }), { state: trail })
      return
    }
    // A page that was opened by a link has no trail: the way back is the beginning.
    const before = to === 'previous' ? cursors.at(-1) : undefined
    if (before === undefined || before === '') change({})
    else {
      const trail: PageTrail = { cursors: cursors.slice(0, -1) }
      setParams(paramsOf({ ...address, cursor: before, page: address.page - 1 }), { state: trail })
    }
  }

  return { address, change, turnPage, goTo: (query: string) => setParams(new URLSearchParams(query)) }
}
