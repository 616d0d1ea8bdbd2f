import { once } from 'node:events'
import { expect, it } from 'vitest'
import { udpSocket } from '../../../server/host/udp-socket.ts'

it.each([
  ['udp4', '127.0.0.1'],
  ['udp6', '::1'],
] as const)('sends by %s before the turn is over', async (type, address) => {
  const [receiver, sender] = [udpSocket({ type }), udpSocket({ type })]
  receiver.bind({ address, exclusive: true })
  sender.bind({ address, exclusive: true })
  const heard = once(receiver, 'message')
  sender.send('now', receiver.address().port, address)
  // What was put off to a later turn would be lost.
  sender.close()
  const [bytes] = (await heard) as [Buffer]
  expect(bytes.toString()).toBe('now')
  receiver.close()
})
