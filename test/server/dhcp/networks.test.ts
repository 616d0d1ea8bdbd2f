import { describe, expect, it } from 'vitest'
import { memoryLeaseStore } from '../../../server/dhcp/leases.ts'
import { MESSAGE, OPTION, addresses } from '../../../server/dhcp/options.ts'
import { fixedReservations } from '../../../server/dhcp/reservations.ts'
import { MAC, NOW, SECOND, eventTypes, message, obtain, onlyReply, selecting, send, testServer } from './messages.ts'

const RELAY = '10.88.0.1'
/** Two subnets of one address each on one wire behind a relay. */
const shared = [10, 11].map((n) => ({
  cidr: `10.88.${n - 10}.0/24`,
  ranges: [{ from: `10.88.${n - 10}.100`, to: `10.88.${n - 10}.100` }],
  router: `10.88.${n - 10}.1`,
  sharedNetwork: 'hall',
}))
const other = { cidr: '10.99.0.0/24', ranges: [{ from: '10.99.0.5', to: '10.99.0.9' }] }
const hall = (options = {}) => testServer({ subnets: [...shared, other], ...options })
const mac = (n: number) => `52:54:00:00:00:0${n}`
const relayed = (n: number) => ({ mac: mac(n), giaddr: RELAY })

describe('a shared network', () => {
  it("gives an address of its next subnet when one is full, with that subnet's mask and router", () => {
    const server = hall()
    expect([obtain(server, relayed(1)), obtain(server, relayed(2))]).toEqual(['10.88.0.100', '10.88.1.100'])
    const offer = onlyReply(send(server, message(relayed(2))))
    expect([...offer.options.get(OPTION.router)!]).toEqual([10, 88, 1, 1])
    const full = send(server, message(relayed(3)))
    expect(full.events).toMatchObject([{ type: 'pool-exhausted', subnet: '10.88.0.0/24, 10.88.1.0/24' }])
    expect(send(server, message(relayed(4)))).toEqual({ replies: [], events: [] })
  })

  it('keeps a client where it was, or where it is expected', () => {
    const server = hall({ reservations: fixedReservations([{ address: '10.88.1.7', match: { mac: MAC } }]) })
    expect(obtain(server, { mac: MAC, giaddr: RELAY })).toBe('10.88.1.7')
    obtain(server, relayed(1))
    obtain(server, relayed(2))
    const release = { ...relayed(1), type: MESSAGE.release, ciaddr: '10.88.0.100', options: [[54, addresses(['10.77.0.1'])]] as const } // prettier-ignore
    expect(eventTypes(send(server, message(release)))).toEqual(['release'])
    expect(onlyReply(send(server, message(relayed(2)))).yiaddr).toBe('10.88.1.100')
  })

  it('leaves a client one address of them all', () => {
    const store = memoryLeaseStore()
    const server = hall({ store })
    obtain(server, relayed(1))
    const move = [...selecting('10.88.1.100')]
    const moved = onlyReply(send(server, message({ ...relayed(1), type: MESSAGE.request, options: move })))
    expect([moved.yiaddr, moved.options.get(53)?.[0]]).toEqual(['10.88.1.100', MESSAGE.ack])
    const states = [...store.all()].map(({ address, state }) => `${address} ${state}`)
    expect(states).toEqual(['10.88.0.100 released', '10.88.1.100 bound'])
  })

  it('knows addresses of all its subnets after a reboot and on renewal', () => {
    const server = hall()
    obtain(server, relayed(1))
    obtain(server, relayed(2))
    const reboot = message({ ...relayed(2), type: MESSAGE.request, options: [[50, addresses(['10.88.1.100'])]] })
    expect(onlyReply(send(server, reboot)).yiaddr).toBe('10.88.1.100')
    const renewal = message({ mac: mac(2), type: MESSAGE.request, ciaddr: '10.88.1.100' })
    expect(onlyReply(send(server, renewal, { now: NOW + SECOND })).yiaddr).toBe('10.88.1.100')
    const wrong = message({ ...relayed(2), type: MESSAGE.request, options: [[50, addresses(['10.99.0.5'])]] })
    expect(onlyReply(send(server, wrong)).options.get(53)?.[0]).toBe(MESSAGE.nak)
  })

  it('does not reach subnets of another wire', () => {
    const server = hall()
    obtain(server, relayed(1))
    obtain(server, relayed(2))
    expect(onlyReply(send(server, message({ mac: mac(3), giaddr: '10.99.0.1' }))).yiaddr).toBe('10.99.0.5')
  })
})
