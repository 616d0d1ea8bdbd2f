// The load of test/bench/storm.ts: machines that power on and netboot. What is not answered they ask again after the time that edk2 and iPXE
// wait; otherwise they wait for nothing, where firmware takes seconds to collect offers and to start what it loaded.
//
// usage: storm-load.ts SERVER-ADDRESS MACHINES MILLISECONDS; prints one StormLoad as JSON.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { FIRMWARE, IPXE, StormWire, macOf } from './storm-dhcp.ts'
import { patience } from './storm-patience.ts'
import { fetchByTftp, socketOn } from './storm-tftp.ts'

export interface StormLoad {
  /** Machines whose kernel was on its way. */
  complete: number
  /** From the first machine's power on to the last one's kernel. */
  seconds: number
  /** From a DHCP message to its answer, of the slowest hundredth. */
  dhcpP99Ms: number
  /** From power on to the kernel, of half of them. */
  bootP50Ms: number
  /** Messages of DHCP and TFTP that were sent again for want of an answer. */
  retries: number
  /** CPU seconds spent here. */
  cpu: number
  /** Why machines did not get through, each reason once. */
  failures: string[]
}

const [server = '', ...numbers] = process.argv.slice(2)
const [machines = 0, withinMs = 0] = numbers.map(Number)

/** How long `ip` may take to set an address. */
const [ADDRESS_PAUSE_MS, ADDRESS_TRIES] = [2, 5000]

const wire = new StormWire()
const bootMs: number[] = []
const failures = new Set<string>()

/** Gives this host the machines' addresses, one process for all. By their scope no message leaves with one of them that does not ask for it. */
const addresses = spawn('ip', ['-batch', '-'], { stdio: ['pipe', 'inherit', 'inherit'] })

/** Resolves once this host has the address. */
async function takeAddress(address: string): Promise<void> {
  addresses.stdin.write(`address replace ${address}/32 dev lo scope link\n`)
  for (let tries = 0; tries < ADDRESS_TRIES; tries++) {
    await sleep(ADDRESS_PAUSE_MS)
    const socket = await socketOn(address).catch(() => undefined)
    if (!socket) continue
    socket.close()
    return
  }
  throw new Error(`${address} could not be taken`)
}

async function http(url: string, address: string): Promise<IncomingMessage> {
  const request = get(url, { localAddress: address, agent: false, headers: { 'user-agent': 'iPXE/1.0.0' } })
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  if (response.statusCode === 200) return response
  response.destroy()
  throw new Error(`${new URL(url).pathname} by HTTP: ${response.statusCode}`)
}

/** The URL that a script names by one of iPXE's commands, with the machine's values in it. */
async function urlIn(script: IncomingMessage, command: string, n: number): Promise<string> {
  const text = Buffer.concat(await script.toArray()).toString()
  const [, url] = new RegExp(`^${command} .*?(http\\S+)`, 'm').exec(text) ?? []
  if (url === undefined) throw new Error(`no ${command} in the script: ${text}`)
  const values: Record<string, string> = {
    'netX/mac': macOf(n)
      .toString('hex')
      .replace(/..(?=.)/g, '$&-'),
    uuid: `d1f42196-b627-c24b-945f-${n.toString(16).padStart(12, '0')}`,
    serial: `STORM-${n}`,
    buildarch: 'x86_64',
    platform: 'efi',
  }
  return url.replaceAll(/\$\{([\w/]+):\w+\}/g, (_, name: string) => values[name] ?? '')
}

/** The chain of one machine, to the first bytes of its kernel. */
async function boot(n: number): Promise<void> {
  const { address, file } = await wire.obtain(FIRMWARE, n)
  await takeAddress(address)
  await fetchByTftp(server, file, address)
  const { file: first } = await wire.obtain(IPXE, n)
  const question = await urlIn(await http(first, address), 'chain', n)
  const kernel = await http(await urlIn(await http(question, address), 'kernel', n), address)
  await once(kernel, 'data')
  kernel.destroy()
}

async function powerOn(n: number): Promise<void> {
  const began = performance.now()
  try {
    await boot(n)
    bootMs.push(performance.now() - began)
  } catch (error) {
    failures.add(String(error))
  }
}

function quantile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length * share)] ?? Infinity
}

await wire.open()
const began = performance.now()
await Promise.all(
  Array.from({ length: machines }, (_, n) => sleep(Math.random() * withinMs).then(() => powerOn(n + 1))),
)
const { user, system } = process.cpuUsage()
const result: StormLoad = {
  complete: bootMs.length,
  seconds: (performance.now() - began) / 1000,
  dhcpP99Ms: quantile(wire.answerMs, 0.99),
  bootP50Ms: quantile(bootMs, 0.5),
  retries: patience.retries,
  cpu: (user + system) / 1e6,
  failures: [...failures],
}
wire.close()
addresses.stdin.end()
console.log(JSON.stringify(result))
