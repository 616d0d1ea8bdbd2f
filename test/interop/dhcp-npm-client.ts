// The npm package `dhcp` as an independent reader: asks for an address for the MAC in the only argument, prints the offer.

import { createRequire } from 'node:module'

interface Packet {
  yiaddr: string
  options: Record<number, unknown>
}
interface Client {
  on(event: 'message', callback: (packet: Packet) => void): void
  on(event: 'error', callback: (error: unknown) => void): void
  on(event: 'listening', callback: () => void): void
  listen(): void
  sendDiscover(): void
}

const require = createRequire(import.meta.url)
const { createClient } = require('dhcp') as {
  createClient(options: { mac: string; features: string[] }): Client
}
const client = createClient({ mac: process.argv[2] ?? '', features: ['netmask', 'router'] })
client.on('error', (error) => process.stdout.write(`error ${String(error)}\n`))
client.on('message', ({ yiaddr, options }) => {
  const [mask, router, lease] = [options[1], options[3], options[51]].map(String)
  process.stdout.write(`offered ${yiaddr} mask ${mask} router ${router} lease ${lease}\n`)
})
client.on('listening', () => client.sendDiscover())
client.listen()
