// The lab's wire: a bridge in a namespace of its own, on which machines, the server and real clients meet.
//
// The bridge has no uplink, the namespace no route: nothing that runs here can reach anything else.

import { isIPv6, type AddressInfo, type Server } from 'node:net'
import { join } from 'node:path'
import { Agent, fetch, type RequestInit, type Response } from 'undici'
import { forwardTo } from './forward.ts'
import { createNamespace, type Namespace } from './namespace.ts'
import { LabProcess } from './process.ts'
import { Transcript } from './transcript.ts'

const BRIDGE = 'br0'

export interface NetworkOptions {
  /** The bridge's own address, which is the server's, with its prefix length. */
  address?: string
  /** Where relay sockets and their logs go. */
  folder: string
}

/** Create it by `createNetwork`; disposing it removes all namespaces and ends everything that ran in them. */
export class Network implements AsyncDisposable {
  /** The namespace with the bridge: here runs the server under test. */
  readonly namespace: Namespace
  /** The server's address, without prefix length. */
  readonly address: string
  readonly prefixLength: number
  #folder: string
  #hosts: Namespace[] = []
  #relays = new Map<string, Promise<{ path: string; process: LabProcess }>>()
  #listeners: Server[] = []
  #ports = 0

  constructor(namespace: Namespace, address: string, folder: string) {
    const [ip = '', length = '24'] = address.split('/')
    this.namespace = namespace
    this.address = ip
    this.prefixLength = Number(length)
    this.#folder = folder
  }

  /** Plugs a new tap into the bridge and returns its name: the other end of a machine's network card. */
  async addTap(): Promise<string> {
    const tap = `tap${this.#ports++}`
    await this.namespace.ip('tuntap', 'add', 'dev', tap, 'mode', 'tap')
    await this.#plug(tap)
    return tap
  }

  async removeTap(tap: string): Promise<void> {
    await this.namespace.ip('link', 'delete', tap)
  }

  /**
   * Another host on the wire, in a namespace of its own with one interface `eth0`: a foreign DHCP server, a real client.
   * Without an address it has none, as a client before DHCP.
   */
  async join(name: string, { address, mac }: { address?: string; mac?: string } = {}): Promise<Namespace> {
    const host = await createNamespace(name)
    this.#hosts.push(host)
    await this.connect(host, 'eth0', { address, mac })
    return host
  }

  /** Gives a host that has joined a network before a cable to this one. */
  async connect(
    host: Namespace,
    name: string,
    { address, mac }: { address?: string | undefined; mac?: string | undefined } = {},
  ): Promise<void> {
    const port = `veth${this.#ports++}`
    const identity = mac === undefined ? [] : ['address', mac]
    const peer = ['peer', 'name', name, ...identity, 'netns', host.name]
    await this.namespace.ip('link', 'add', port, 'type', 'veth', ...peer)
    await this.#plug(port)
    if (address !== undefined) await host.ip('address', 'add', address, 'dev', name)
    await host.ip('link', 'set', name, 'up')
  }

  /** Makes a TCP port of the server reachable at 127.0.0.1 outside; resolves with the local port (any free one by default). */
  async exposeTcp(port: number, { localPort = 0, host = this.address } = {}): Promise<number> {
    const { path } = await this.#relay(host, port)
    const listener = forwardTo({ path })
    await new Promise<void>((resolve, reject) => {
      listener.once('error', reject)
      listener.listen(localPort, '127.0.0.1', resolve)
    })
    this.#listeners.push(listener)
    return (listener.address() as AddressInfo).port
  }

  /** `fetch` as if called inside the namespace. `ca` is the certificate to trust for https; without it none is checked. */
  async fetchInside(url: string | URL, { ca, ...init }: RequestInit & { ca?: string } = {}): Promise<Response> {
    const { hostname, port, protocol } = new URL(url)
    const { path } = await this.#relay(hostname, Number(port || (protocol === 'https:' ? 443 : 80)))
    const trust = ca === undefined ? { rejectUnauthorized: false } : { ca }
    // No keep-alive: an idle connection would hold the test process open.
    const dispatcher = new Agent({ pipelining: 0, connect: { socketPath: path, ...trust } })
    return fetch(url, { ...init, dispatcher })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const listener of this.#listeners) listener.close()
    for (const relay of this.#relays.values()) await relay.then(({ process }) => process.kill()).catch(() => {})
    for (const host of this.#hosts) await host[Symbol.asyncDispose]()
    await this.namespace[Symbol.asyncDispose]()
  }

  async #plug(port: string): Promise<void> {
    await this.namespace.ip('link', 'set', port, 'master', BRIDGE, 'up')
  }

  #relay(host: string, port: number) {
    const key = `${host}-${port}`
    const known = this.#relays.get(key)
    if (known) return known
    const started = this.#startRelay(key, host, port)
    this.#relays.set(key, started)
    return started
  }

  async #startRelay(key: string, host: string, port: number) {
    const path = join(this.#folder, `relay-${key}.sock`)
    const log = new Transcript(`relay ${key}`, join(this.#folder, `relay-${key}.log`))
    const script = join(import.meta.dirname, 'relay.ts')
    const argv = this.namespace.inside([process.execPath, script, path, host, String(port)])
    const relay = new LabProcess(`relay ${key}`, argv, log)
    await log.waitForLine(/^relaying$/, { timeout: 30_000 })
    return { path, process: relay }
  }
}

/** Creates the bridge with the server's address on it (10.77.0.1/24 unless told otherwise). Needs root. */
export async function createNetwork({ address = '10.77.0.1/24', folder }: NetworkOptions): Promise<Network> {
  const namespace = await createNamespace('wire')
  await namespace.ip('link', 'add', BRIDGE, 'type', 'bridge', 'forward_delay', '0', 'stp_state', '0')
  // Nobody else is on the new wire: the address can be used at once.
  const flags = isIPv6(address.split('/')[0]!) ? ['nodad'] : []
  await namespace.ip('address', 'add', address, 'dev', BRIDGE, ...flags)
  await namespace.ip('link', 'set', BRIDGE, 'up')
  return new Network(namespace, address, folder)
}
