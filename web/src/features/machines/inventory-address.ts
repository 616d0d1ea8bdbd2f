// What the inventory shows, as its address: the parameters are those of the API, so a link, a command and a request say the same.

import type { MachineFilter, MachineSort, SortOrder } from '../../../../server/contract/machine-filter.ts'

export interface InventoryAddress {
  /** The server judges the values: what an address says wrongly is told there. */
  filter: MachineFilter
  sort: MachineSort
  order: SortOrder
  /** Rows of a page. */
  limit: number
  /** Where the page begins; empty for the first. */
  cursor: string
  /** Its number, for people: the server knows only cursors. */
  page: number
  /** Keys of the columns; undefined where the address leaves them to the browser. */
  columns: readonly string[] | undefined
}

export const PAGE_SIZES = [20, 50, 100, 200, 500]
const DEFAULTS = { sort: 'createdAt', order: 'desc', limit: 50, page: 1 } as const

const LISTS = ['state', 'label'] as const
const TEXTS = ['image', 'profile', 'architecture', 'firmware', 'silent', 'search'] as const

export function addressOf(params: URLSearchParams): InventoryAddress {
  const lists = LISTS.map((key) => [key, params.getAll(key).filter((value) => value !== '')] as const)
  const texts = TEXTS.map((key) => [key, params.get(key) ?? ''] as const)
  const given = [...lists, ...texts].filter(([, value]) => value.length > 0)
  return {
    filter: Object.fromEntries(given) as MachineFilter,
    sort: (params.get('sort') ?? DEFAULTS.sort) as MachineSort,
    order: params.get('order') === 'asc' ? 'asc' : DEFAULTS.order,
    limit: positive(params.get('limit')) ?? DEFAULTS.limit,
    cursor: params.get('cursor') ?? '',
    page: positive(params.get('page')) ?? DEFAULTS.page,
    columns: params.get('columns')?.split(','),
  }
}

/** The shortest address: what is as always is left out. */
export function paramsOf({ filter, columns, cursor, page, ...rest }: InventoryAddress): URLSearchParams {
  const params = filterParams(filter)
  for (const key of ['sort', 'order', 'limit'] as const) {
    if (rest[key] !== DEFAULTS[key]) params.set(key, String(rest[key]))
  }
  if (cursor !== '') {
    params.set('page', String(page))
    params.set('cursor', cursor)
  }
  if (columns) params.set('columns', columns.join(','))
  return params
}

/** What the API is asked for this page. */
export function pageQuery({ filter, sort, order, limit, cursor }: InventoryAddress): string {
  const params = filterParams(filter)
  for (const [key, value] of Object.entries({ sort, order, limit, cursor })) {
    if (value !== '') params.set(key, String(value))
  }
  return String(params)
}

/** Which machines are meant, whatever their order and page. */
export function filterParams(filter: MachineFilter): URLSearchParams {
  const params = new URLSearchParams()
  for (const key of [...LISTS, ...TEXTS]) {
    for (const value of [filter[key] ?? []].flat()) params.append(key, value)
  }
  return params
}

export function isFiltered(filter: MachineFilter): boolean {
  return filterParams(filter).size > 0
}

/** The filter with other values of some of its keys; undefined and empty ones are no condition. */
export function filterWith(filter: MachineFilter, change: Partial<MachineFilter>): MachineFilter {
  const entries = Object.entries({ ...filter, ...change })
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined && value.length > 0)) as MachineFilter
}

function positive(text: string | null): number | undefined {
  return text !== null && /^[1-9]\d{0,5}$/.test(text) ? Number(text) : undefined
}
