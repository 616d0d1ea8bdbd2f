// Views of the inventory that somebody gave a name. They are addresses, kept by the browser: docs/decisions/0011-saved-views.md says why.

import { useState } from 'react'

export interface SavedView {
  name: string
  /** The address behind the `?`. */
  query: string
}

/** What technicians ask for every day. */
export const COMMON_VIEWS: readonly SavedView[] = [
  { name: 'All machines', query: '' },
  { name: 'Waiting for an image', query: 'state=discovered&state=ready' },
  { name: 'Being installed', query: 'state=assigned&state=booting&state=installing&state=rebooting' },
  { name: 'Silent', query: 'silent=true' },
  { name: 'Deployed', query: 'state=deployed' },
  { name: 'Failed', query: 'state=failed' },
]

const KEY = 'landfall.inventory.views'
const COLUMNS_KEY = 'landfall.inventory.columns'

/** The views of this browser, by name, and how to save or remove one. A view of the same name is replaced. */
export function useSavedViews() {
  const [views, setViews] = useState(readViews)
  const keep = (next: SavedView[]): void => {
    write(KEY, next)
    setViews(next)
  }
  const without = (name: string): SavedView[] => views.filter((view) => view.name !== name)
  return {
    views,
    save: (view: SavedView) => keep([...without(view.name), view].sort((a, b) => a.name.localeCompare(b.name))),
    remove: (name: string) => keep(without(name)),
  }
}

/** The columns chosen last in this browser, for addresses that name none. */
export function rememberedColumns(): readonly string[] | undefined {
  const found = read(COLUMNS_KEY)
  return Array.isArray(found) && found.every((key) => typeof key === 'string') ? found : undefined
}

export function rememberColumns(columns: readonly string[]): void {
  write(COLUMNS_KEY, columns)
}

function readViews(): SavedView[] {
  const found = read(KEY)
  return Array.isArray(found) ? found.filter(isView) : []
}

function isView(value: unknown): value is SavedView {
  const { name, query } = (value ?? {}) as Partial<SavedView>
  return typeof name === 'string' && typeof query === 'string'
}

/** Undefined where nothing was kept, or where the browser keeps nothing. */
function read(key: string): unknown {
  try {
    return JSON.parse(localStorage.getItem(key) ?? 'null')
  } catch {
    return undefined
  }
}

function write(key: string, value: unknown): void {
  try {
    localStorage.setItem(key, JSON.stringify(value))
  } catch {
    // A browser that keeps nothing: the view lasts as long as the page.
  }
}
