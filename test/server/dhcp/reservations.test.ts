import { describe, expect, it } from 'vitest'
import { classifyClient } from '../../../server/dhcp/client.ts'
import { fixedReservations } from '../../../server/dhcp/reservations.ts'
import { MAC, UUID, ipxeOptions, message } from './messages.ts'

const ANYWHERE = () => true
const CLIENT = classifyClient(message({ options: [...ipxeOptions(7), [82, [1, 1, 7, 2, 1, 8]]], giaddr: '10.1.0.1' }))

describe('fixedReservations', () => {
  it.each([
    { mac: MAC },
    { uuid: UUID },
    { clientId: '01525400123456' },
    { circuitId: '07' },
    { remoteId: '08' },
    { mac: MAC, uuid: UUID, circuitId: '07' },
  ])('matches %j', (match) => {
    const reservations = fixedReservations([{ address: '10.77.0.9', match }])
    expect(reservations.find(CLIENT, ANYWHERE)?.address).toBe('10.77.0.9')
  })

  it('needs every matcher to fit', () => {
    const reservations = fixedReservations([{ address: '10.77.0.9', match: { mac: MAC, circuitId: '09' } }])
    expect(reservations.find(CLIENT, ANYWHERE)).toBeUndefined()
  })

  it('matches nobody without a matcher', () => {
    expect(fixedReservations([{ address: '10.77.0.9', match: {} }]).find(CLIENT, ANYWHERE)).toBeUndefined()
  })

  it('picks the reservation of the subnet the machine is on', () => {
    const reservations = fixedReservations([
      { address: '10.77.0.9', match: { mac: MAC } },
      { address: '10.78.0.9', match: { mac: MAC } },
    ])
    expect(reservations.find(CLIENT, (address) => address.startsWith('10.78'))?.address).toBe('10.78.0.9')
    expect(reservations.has('10.77.0.9')).toBe(true)
    expect(reservations.has('10.77.0.8')).toBe(false)
  })
})
