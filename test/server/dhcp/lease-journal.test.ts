import { describe, expect, it } from 'vitest'
import { LeaseJournal } from '../../../server/dhcp/lease-journal.ts'
import { memoryLeaseStore, type Lease } from '../../../server/dhcp/leases.ts'
import { NOW } from './messages.ts'

const lease = (n: number, state: Lease['state'] = 'bound'): Lease => ({
  address: `10.77.0.${n}`,
  key: `1:${n}`,
  mac: '52:54:00:00:00:01',
  state,
  start: NOW,
  end: NOW + 1,
})

describe('LeaseJournal', () => {
  it('writes what changed in one go, the last of each address', () => {
    const writes: number[] = []
    const inner = memoryLeaseStore()
    const journal = new LeaseJournal({
      ...inner,
      put: (leases) => {
        writes.push(leases.length)
        inner.put(leases)
      },
    })
    journal.put([lease(1), lease(2)])
    journal.put([lease(1, 'released')])
    expect([...inner.all()]).toEqual([])
    journal.commit()
    journal.commit()
    expect(writes).toEqual([2])
    expect([...inner.all()]).toEqual([lease(1, 'released'), lease(2)])
  })

  it('keeps for the next commit what the store did not take', () => {
    let full = true
    const inner = memoryLeaseStore()
    const journal = new LeaseJournal({
      ...inner,
      put: (leases) => {
        if (full) throw new Error('disk full')
        inner.put(leases)
      },
    })
    journal.put([lease(1)])
    expect(() => journal.commit()).toThrow('disk full')
    full = false
    journal.put([lease(2)])
    journal.commit()
    expect([...inner.all()]).toEqual([lease(1), lease(2)])
  })

  it('forgets a lease that is not written yet', () => {
    const store = memoryLeaseStore()
    const journal = new LeaseJournal(store)
    journal.put([lease(1)])
    journal.remove('10.77.0.1')
    journal.commit()
    expect([...store.all()]).toEqual([])
  })
})
