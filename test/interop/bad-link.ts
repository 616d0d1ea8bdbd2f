// A link worse than any a machine boots from, in user space, because not every kernel has netem: stands before a TFTP server and loses,
// delays, repeats and reorders what passes, in each direction.
//
// Argument: `{ address, server, loss, reorder, duplicate, delayMs, seed }`. Clients ask port 69 of `address`.

import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'

export interface BadLink {
  address: string
  server: string
  /** Shares of all datagrams, from 0 to 1. */
  loss: number
  /** Overtakes what is on its way, as it does with netem. */
  reorder: number
  duplicate: number
  delayMs: number
  seed: number
}

const link = JSON.parse(process.argv[2] ?? '') as BadLink
const TFTP_PORT = 69

let state = link.seed
function random(): number {
  state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff
  return state / 0x80000000
}

function pass(deliver: () => void): void {
  if (random() < link.loss) return
  if (random() < link.duplicate) setTimeout(deliver, link.delayMs)
  if (random() < link.reorder) setImmediate(deliver)
  else setTimeout(deliver, link.delayMs)
}

/** What one client's socket sees: a port of ours for each port of the server's that answers it. */
class Conversation {
  readonly #client: RemoteInfo
  #toServer: Promise<Socket> | undefined
  readonly #faces = new Map<number, Promise<Socket>>()

  constructor(client: RemoteInfo) {
    this.#client = client
  }

  /** A request to port 69; all that the server answers comes back to this socket. */
  async request(datagram: Buffer): Promise<void> {
    this.#toServer ??= bound(0)
    const socket = await this.#toServer
    if (socket.listenerCount('message') === 0) {
      socket.on('message', (answer, { port }) => pass(() => void this.#answer(answer, port)))
    }
    pass(() => socket.send(datagram, TFTP_PORT, link.server))
  }

  async #answer(datagram: Buffer, port: number): Promise<void> {
    let face = this.#faces.get(port)
    if (!face) {
      face = bound(0)
      this.#faces.set(port, face)
      const toServer = await this.#toServer!
      const socket = await face
      socket.on('message', (answer) => pass(() => toServer.send(answer, port, link.server)))
    }
    const socket = await face
    socket.send(datagram, this.#client.port, this.#client.address)
  }
}

async function bound(port: number): Promise<Socket> {
  const socket = createSocket('udp4')
  await new Promise<void>((resolve) => socket.bind(port, link.address, resolve))
  return socket
}

const conversations = new Map<string, Conversation>()
const front = await bound(TFTP_PORT)
front.on('message', (datagram, client) => {
  const key = `${client.address}:${client.port}`
  const conversation = conversations.get(key) ?? new Conversation(client)
  conversations.set(key, conversation)
  void conversation.request(datagram)
})
process.stdout.write('"passing"\n')
