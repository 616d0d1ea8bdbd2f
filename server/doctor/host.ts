// What this host itself can tell about network boot: links, who holds the ports, the firewall. Only reads.
import { execFile } from 'node:child_process'
import { readdir, readFile, readlink } from 'node:fs/promises'
import { networkInterfaces } from 'node:os'
import { promisify } from 'node:util'
import { readIptables, readNft } from './firewall.ts'
import type { Ruleset } from './firewall.ts'

interface HostLink {
  name: string
  /** Undefined where the kernel does not say, as for links that are down. */
  carrier: boolean | undefined
  addresses: string[]
}

interface PortHolder {
  port: number
  /** Undefined where only root may see who. */
  process: { pid: number; name: string; command: string } | undefined
}

export interface HostFacts {
  links: HostLink[]
  /** Of the UDP ports that netboot needs; ports that nobody holds are not here. */
  holders: PortHolder[]
  /** Undefined where it cannot be read; the reason is in `firewallUnknown`. */
  firewall: Ruleset | undefined
  firewallUnknown?: string
}

const PORTS = [67, 69, 547, 4011]

export async function readHost(): Promise<HostFacts> {
  const [links, holders, firewall] = await Promise.all([readLinks(), readHolders(), readFirewall()])
  return { links, holders, ...firewall }
}

async function readLinks(): Promise<HostLink[]> {
  const names = await readdir('/sys/class/net').catch(() => [])
  const addresses = networkInterfaces()
  return Promise.all(
    names.map(async (name) => {
      const carrier = await readFile(`/sys/class/net/${name}/carrier`, 'utf8').catch(() => '')
      return {
        name,
        carrier: carrier === '' ? undefined : carrier.trim() === '1',
        addresses: (addresses[name] ?? []).map(({ address }) => address),
      }
    }),
  )
}

async function readHolders(): Promise<PortHolder[]> {
  const table =
    (await readFile('/proc/net/udp', 'utf8').catch(() => '')) +
    (await readFile('/proc/net/udp6', 'utf8').catch(() => ''))
  const sockets = udpSockets(table).filter(({ port }) => PORTS.includes(port))
  const owners = await ownersOf(new Set(sockets.map(({ inode }) => inode)))
  const holders = sockets.map(({ port, inode }) => ({ port, process: owners.get(inode) }))
  // One program holds several sockets of a port.
  return holders.filter(
    ({ port, process }, at) =>
      holders.findIndex((one) => one.port === port && one.process?.pid === process?.pid) === at,
  )
}

/** Local port and inode of each line of /proc/net/udp. */
export function udpSockets(table: string): { port: number; inode: string }[] {
  return table.split('\n').flatMap((line) => {
    const words = line.trim().split(/\s+/)
    const [, port] = /^[\dA-F]+:([\dA-F]{4})$/.exec(words[1] ?? '') ?? []
    return port === undefined || words[9] === undefined ? [] : [{ port: Number.parseInt(port, 16), inode: words[9] }]
  })
}

async function ownersOf(inodes: ReadonlySet<string>): Promise<Map<string, NonNullable<PortHolder['process']>>> {
  const owners = new Map<string, NonNullable<PortHolder['process']>>()
  if (inodes.size === 0) return owners
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    for (const fd of await readdir(`/proc/${pid}/fd`).catch(() => [])) {
      const target = await readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')
      const [, inode] = /^socket:\[(\d+)\]$/.exec(target) ?? []
      if (inode !== undefined && inodes.has(inode)) owners.set(inode, await processOf(Number(pid)))
    }
  }
  return owners
}

async function processOf(pid: number): Promise<NonNullable<PortHolder['process']>> {
  const name = (await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '')).trim()
  const command = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).replaceAll('\0', ' ').trim()
  return { pid, name, command: command.slice(0, 200) }
}

const MAX_RULESET_BYTES = 32 * 2 ** 20
const TOOL_MS = 10_000

async function readFirewall(): Promise<Pick<HostFacts, 'firewall' | 'firewallUnknown'>> {
  if (process.getuid?.() !== 0) return { firewall: undefined, firewallUnknown: 'only root may read it' }
  const tools: [command: string, args: string[], read: (text: string) => Ruleset][] = [
    ['nft', ['-j', 'list', 'ruleset'], readNft],
    ['iptables-save', [], readIptables],
  ]
  let trouble = 'neither nft nor iptables-save is installed'
  for (const [command, args, read] of tools) {
    try {
      const { stdout } = await promisify(execFile)(command, args, { maxBuffer: MAX_RULESET_BYTES, timeout: TOOL_MS })
      return { firewall: read(stdout) }
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'ENOENT')
        trouble = `${command}: ${(error as Error).message.split('\n')[0]}`
    }
  }
  return { firewall: undefined, firewallUnknown: trouble }
}
