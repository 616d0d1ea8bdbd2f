import { describe, expect, it } from 'vitest'
import {
  addressOf,
  filterWith,
  isFiltered,
  pageQuery,
  paramsOf,
} from '../../../web/src/features/machines/inventory-address.ts'
import { isChosen, NOTHING, targetOf, withChosen } from '../../../web/src/features/machines/selection.ts'
import type { Chosen } from '../../../web/src/features/machines/selection.ts'

const machine = (id: string): Chosen => ({ id, name: `m-${id}`, state: 'ready' })
const [a, b, c] = [machine('a'), machine('b'), machine('c')]

describe('the address of the inventory', () => {
  it.each([
    '',
    'state=ready&state=failed&label=rack%3Dr12&label=gpu&search=qrk+7',
    'image=os%2Fweb%3A1&profile=web&architecture=arm64&firmware=uefi',
    'sort=name&order=asc&limit=200&page=3&cursor=WyJhIiwiYiJd&columns=name%2Cserial',
  ])('says the same when it is read and written again: %s', (query) => {
    expect(String(paramsOf(addressOf(new URLSearchParams(query))))).toBe(query)
  })

  it('survives what nobody meant', () => {
    const odd = new URLSearchParams('order=sideways&limit=-1&page=x&state=&search=&colour=blue')
    expect(String(paramsOf(addressOf(odd)))).toBe('')
  })

  it('asks the API for the page, in the order and from the place that it names', () => {
    const address = addressOf(new URLSearchParams('state=failed&limit=20&page=2&cursor=xyz&columns=name'))
    expect(pageQuery(address)).toBe('state=failed&sort=createdAt&order=desc&limit=20&cursor=xyz')
  })

  it('forgets conditions that were taken away', () => {
    const filter = filterWith({ state: ['ready'], search: 'x' }, { state: [], image: 'os/web:1' })
    expect(filter).toEqual({ search: 'x', image: 'os/web:1' })
    expect(isFiltered(filter)).toBe(true)
    expect(isFiltered(filterWith(filter, { search: '', image: undefined }))).toBe(false)
  })
})

describe('the selection', () => {
  it('holds machines of several pages', () => {
    const first = withChosen(NOTHING, [a, b], true, [a, b])
    const both = withChosen(withChosen(first, [c], true, [c]), [a], false, [a, b])
    expect(targetOf(both, { search: 'x' }, 9)).toEqual({
      request: { machines: ['b', 'c'] },
      count: 2,
      machines: [b, c],
    })
  })

  it('of all that match is the filter, with the number that the person saw', () => {
    expect(isChosen('all', 'anything')).toBe(true)
    expect(targetOf('all', { label: ['rack=r1'] }, 143)).toEqual({
      request: { filter: { label: ['rack=r1'] }, expected: 143 },
      count: 143,
      machines: [],
    })
  })

  it('of all becomes that of the rows one sees when one of them is taken out', () => {
    expect(targetOf(withChosen('all', [a], false, [a, b, c]), {}, 143).machines).toEqual([b, c])
  })
})
