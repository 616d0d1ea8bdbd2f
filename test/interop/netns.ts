// Real clients and servers on wires of their own: network namespaces that exist for one test.

import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'vitest'
import { LabProcess, type ProcessOptions } from '../e2e/lab/process.ts'
import { createNamespace, type Namespace } from '../e2e/lab/namespace.ts'
import { Transcript } from '../e2e/lab/transcript.ts'

export interface Wire {
  /** Name of the interface in the namespace, `eth0` by default. */
  name?: string
  /** Address with prefix length; none by default, as before DHCP. */
  address?: string
  mac?: string
}

/** The namespaces, programs and files of one test. Made and removed by `withNetns`, or by a benchmark of its own. */
export class Netns {
  /** A folder for the test's files. */
  readonly folder: string
  #namespaces: Namespace[] = []
  #programs: LabProcess[] = []
  #wires = 0

  constructor(folder: string) {
    this.folder = folder
  }

  /** A namespace with only loopback in it. */
  async create(role: string): Promise<Namespace> {
    const namespace = await createNamespace(role)
    this.#namespaces.push(namespace)
    return namespace
  }

  /** Joins two namespaces by a wire. */
  async connect(a: Namespace, endA: Wire, b: Namespace, endB: Wire): Promise<void> {
    const [first, second] = [endA.name ?? 'eth0', endB.name ?? 'eth0']
    const identity = ({ mac }: Wire): string[] => (mac === undefined ? [] : ['address', mac])
    const peer = ['peer', 'name', second, ...identity(endB), 'netns', b.name]
    await a.ip('link', 'add', first, ...identity(endA), 'type', 'veth', ...peer)
    await configure(a, first, endA)
    await configure(b, second, endB)
  }

  /** A bridge in `owner` named `name`, with an address of its own; `plug` others into it. */
  async bridge(owner: Namespace, { name = 'br0', address }: Wire): Promise<void> {
    await owner.ip('link', 'add', name, 'type', 'bridge', 'forward_delay', '0')
    await configure(owner, name, { ...(address !== undefined && { address }) })
  }

  /** Joins `host` to the bridge of `owner`. */
  async plug(owner: Namespace, bridge: string, host: Namespace, end: Wire = {}): Promise<void> {
    const port = `port${this.#wires++}`
    await this.connect(owner, { name: port }, host, end)
    await owner.ip('link', 'set', port, 'master', bridge)
  }

  /** Starts a long-running program inside; it ends with the test at the latest. */
  start(namespace: Namespace, name: string, argv: readonly string[], options?: ProcessOptions): LabProcess {
    const log = new Transcript(name, join(this.folder, `${name}-${this.#programs.length}.log`))
    const program = new LabProcess(name, namespace.inside(argv), log, options)
    this.#programs.push(program)
    return program
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Namespaces first: that ends everything in them, also the helpers a program may have left behind.
    for (const namespace of this.#namespaces) await namespace[Symbol.asyncDispose]()
    await Promise.all(this.#programs.map(({ exited }) => exited))
    await Promise.all(this.#programs.map(({ log }) => log.close()))
  }
}

async function configure(namespace: Namespace, name: string, { address }: Wire): Promise<void> {
  if (address !== undefined) await namespace.ip('address', 'add', address, 'broadcast', '+', 'dev', name)
  // IPv6 would only add traffic nobody asked for.
  await namespace.ip('link', 'set', name, 'addrgenmode', 'none')
  await namespace.ip('link', 'set', name, 'up')
}

/**
 * Runs a test among namespaces, which are gone afterwards, however it ends. Skips it with the reason where there can be none, or where
 * one of `programs` is not installed.
 * @example
 * it('pings', (test) => withNetns(test, [], async (net) => { ... }))
 */
export async function withNetns(
  { skip, onTestFailed }: TestContext,
  programs: readonly string[],
  body: (net: Netns) => Promise<void>,
): Promise<void> {
  const reason = netnsUnavailable(programs)
  if (reason !== undefined) return skip(reason)
  const folder = await mkdtemp(join(tmpdir(), 'landfall-netns-'))
  let failed = false
  onTestFailed(() => console.error(`logs: ${folder}`))
  try {
    await using net = new Netns(folder)
    await body(net)
  } catch (error) {
    failed = true
    throw error
  } finally {
    if (!failed) await rm(folder, { recursive: true, force: true })
  }
}

const PROGRAM_FOLDERS = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin']

/** Why this host cannot run such a test, or undefined if it can. */
export function netnsUnavailable(programs: readonly string[] = []): string | undefined {
  if (process.platform !== 'linux') return 'needs Linux network namespaces'
  if (process.getuid?.() !== 0) return 'needs root for network namespaces'
  const missing = ['ip', 'setpriv', ...programs].filter(
    (program) => !PROGRAM_FOLDERS.some((folder) => existsSync(join(folder, program))),
  )
  return missing.length === 0 ? undefined : `needs ${missing.join(', ')}`
}
