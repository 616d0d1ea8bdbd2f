// Which client an IP address belongs to: TFTP and HTTP show nothing else, DHCP showed both.

import { RecentMap } from '../core/recent-map.ts'

/** Addresses remembered; beyond, the one not heard of for longest is forgotten. */
const MAX_ADDRESSES = 4096

export class AddressBook {
  readonly #clients = new RecentMap<string, string>()

  learn(address: string, client: string): void {
    this.#clients.set(address, client)
    if (this.#clients.size > MAX_ADDRESSES) this.#clients.delete(this.#clients.oldest()!.key)
  }

  clientAt(address: string): string | undefined {
    return this.#clients.get(address)
  }
}
