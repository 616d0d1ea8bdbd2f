// A thousand machines power on within ten seconds: what the DHCP server makes them wait, whether any has to ask twice, and what memory it takes.
//
// Server and clients share the host, so the clients' work is part of what the server has to put up with.
import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Namespace } from '../e2e/lab/namespace.ts'
import type { LabProcess } from '../e2e/lab/process.ts'
import { Netns } from '../interop/netns.ts'
import { median } from './result.ts'
import type { Bench } from './result.ts'
import { SERVES, residentBytes, serveCommand, startServing } from './server-process.ts'
import type { StormLoad } from './storm-load.ts'

const RUNS = Number(process.env['LANDFALL_RUNS'] ?? 3)
const MACHINES = 1000
const WITHIN_MS = 10_000
const LOAD_MS = 120_000
/** As the captured machine was answered by: its messages name this server. */
const SERVER = '10.77.0.1'
const LOAD = join(import.meta.dirname, 'storm-load.ts')

/** As large as those of an amd64 machine: iPXE, and a kernel of which only the beginning is read. */
const BOOT_FILES = {
  'loaders/snponly.efi': 300_000,
  'installer/vmlinuz': 13_000_000,
  'installer/initrd.img': 1_000_000,
}

export const storm: Bench = {
  name: 'storm',
  about: `${MACHINES} machines that power on within ${WITHIN_MS / 1000} s, to the first bytes of their kernels (needs root)`,
  async run(say) {
    const loads: (StormLoad & { rss: number })[] = []
    for (let run = 0; run < RUNS; run++) {
      const load = await measure()
      say(
        `${load.complete} of ${MACHINES} booted in ${load.seconds.toFixed(1)} s, half of them within ${load.bootP50Ms.toFixed(0)} ms; ` +
          `DHCP p99 ${load.dhcpP99Ms.toFixed(1)} ms, ${load.retries} retries, ${(load.rss / 1e6).toFixed(0)} MB; the clients used ${load.cpu.toFixed(1)} s of CPU`,
      )
      for (const failure of load.failures) say(failure)
      loads.push(load)
    }
    const of = (key: 'complete' | 'dhcpP99Ms' | 'retries' | 'rss') => ({
      value: median(loads.map((load) => load[key])),
      runs: RUNS,
    })
    return [
      { metric: 'complete', unit: 'machines', ...of('complete'), goal: MACHINES, isRate: true },
      { metric: 'dhcp_p99_ms', unit: 'ms', ...of('dhcpP99Ms'), goal: 100 },
      { metric: 'retries', unit: 'messages', ...of('retries'), goal: 0 },
      { metric: 'rss_bytes', unit: 'bytes', ...of('rss'), goal: 250e6 },
    ]
  },
}

async function measure(): Promise<StormLoad & { rss: number }> {
  const folder = await mkdtemp(join(tmpdir(), 'landfall-storm-'))
  try {
    await using net = new Netns(folder)
    const [server, clients] = [await net.create('server'), await net.create('clients')]
    await net.connect(server, { name: 'lan0', address: `${SERVER}/16` }, clients, {})
    // The machines' own addresses come and go; what they reach is on the wire in any case.
    for (const target of ['10.77.0.0/16', '255.255.255.255/32']) await clients.ip('route', 'add', target, 'dev', 'eth0')
    const { pid } = await start(net, server, folder)
    const argv = [process.execPath, LOAD, SERVER, String(MACHINES), String(WITHIN_MS)]
    const { stdout } = await clients.exec(argv, { timeout: LOAD_MS })
    return { ...(JSON.parse(stdout) as StormLoad), rss: await residentBytes(pid, 'VmHWM') }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function start(net: Netns, namespace: Namespace, folder: string): Promise<LabProcess> {
  const data = join(folder, 'data')
  for (const [name, size] of Object.entries(BOOT_FILES)) {
    const file = join(data, 'boot', name)
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, randomBytes(size))
  }
  const subnet = ['--dhcp-subnet-cidr', '10.77.0.0/16', '--dhcp-subnet-pool', '10.77.1.0-10.77.254.253']
  const flags = ['--data-dir', data, '--dhcp-mode', 'server', '--dhcp-interface', 'lan0', ...subnet]
  const log = join(folder, 'server.log')
  return startServing(net, namespace, 'landfall', [...(await serveCommand()), ...flags], { log, ready: SERVES })
}
