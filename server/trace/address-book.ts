// Which client an IP address belongs to: TFTP and HTTP show nothing else, DHCP showed both.

/** Addresses remembered; beyond, the one not heard of for longest is forgotten. */
const MAX_ADDRESSES = 4096

export class AddressBook {
  readonly #clients = new Map<string, string>()

  learn(address: string, client: string): void {
    this.#clients.delete(address)
    this.#clients.set(address, client)
    const [oldest] = this.#clients.keys()
    if (this.#clients.size > MAX_ADDRESSES && oldest !== undefined) this.#clients.delete(oldest)
  }

  clientAt(address: string): string | undefined {
    return this.#clients.get(address)
  }
}
