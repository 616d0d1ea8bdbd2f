// What the project promises number by number, and the pages that say so.

export interface Promises {
  /** What each is called in titles of tests: `statement 13: ...`, `items 58, 66: ...`. */
  noun: 'statement' | 'item'
  /** Page in docs/reference. */
  page: string
  introduction: string
  areas: readonly { area: string; promises: readonly (readonly [number, string])[] }[]
  /** Those that no test holds yet, with what is missing. */
  open: Readonly<Record<number, string>>
}
