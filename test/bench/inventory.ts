// How long people wait for the list, a search in it and one machine, with a data centre's worth of machines and their history.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import BetterSqlite3 from 'better-sqlite3'
import { Agent, request } from 'undici'
import { LOCAL_ACCESS_FILE, LocalAccess } from '../../server/contract/local-access.ts'
import { freePort } from '../../server/host/free-port.ts'
import { openStore } from '../../server/store/store.ts'
import { loopback } from '../interop/serve.ts'
import type { Bench, Measurement } from './result.ts'
import { SERVES, serveCommand } from './server-process.ts'

const MACHINES = 10_000
const EVENTS = 1_000_000
const CALLS = 200
const GOAL_MS = 100
const STATES = ['ready', 'assigned', 'installing', 'deployed', 'failed']

export const inventory: Bench = {
  name: 'inventory',
  about: `list, search and one machine, with ${MACHINES.toLocaleString('en')} machines and ${EVENTS.toLocaleString('en')} events`,
  async run(say) {
    const dataDir = await mkdtemp(join(tmpdir(), 'landfall-inventory-'))
    say(`writing ${MACHINES} machines and ${EVENTS} events`)
    fill(join(dataDir, 'landfall.db'))
    const ports = { http: await freePort(), https: await freePort() }
    const [program = '', ...argv] = [...(await serveCommand()), '--data-dir', dataDir, ...loopback(ports)]
    const server = spawn(program, argv, { stdio: ['ignore', 'pipe', 'ignore'] })
    const gone = once(server, 'exit')
    try {
      await started(server.stdout)
      const { ca, token } = LocalAccess.parse(JSON.parse(await readFile(join(dataDir, LOCAL_ACCESS_FILE), 'utf8')))
      const call = caller(`https://127.0.0.1:${ports.https}/api/v1`, ca, token)
      return [
        await measured('list_p95_ms', (n) => call(LISTS[n % LISTS.length]!), say),
        await measured('search_p95_ms', (n) => call(`/machines?search=${serial(n * 37).slice(2)}`), say),
        await measured('machine_p95_ms', (n) => machine(call, n * 41), say),
      ]
    } finally {
      server.kill()
      await gone
      await rm(dataDir, { recursive: true, force: true })
    }
  },
}

/** What the page asks for: any order, any filter, far from the beginning as well. */
const LISTS = [
  '/machines',
  ...['name', 'state', 'lastSeenAt', 'image', 'product', 'serial'].map((sort) => `/machines?sort=${sort}&order=desc`),
  '/machines?state=failed&state=ready&sort=name',
  '/machines?label=rack%3Dr17&sort=lastSeenAt',
  '/machines?profile=web&firmware=uefi&sort=serial',
  '/machines?image=os%2Fweb%3Astable&sort=name',
  `/machines?sort=name&cursor=${Buffer.from(JSON.stringify(['web-07000', ''])).toString('base64url')}`,
]

type Call = (path: string) => Promise<unknown>

/** The machine's page: itself, its history, its installs. */
async function machine(call: Call, n: number): Promise<void> {
  const path = `/machines/${id(n)}`
  await Promise.all([call(path), call(`${path}/events?limit=200`), call(`${path}/installs`)])
}

async function measured(metric: string, work: (n: number) => Promise<unknown>, say: (line: string) => void) {
  const times: number[] = []
  for (let n = 0; n < CALLS; n++) {
    const began = performance.now()
    await work(n)
    times.push(performance.now() - began)
  }
  times.sort((a, b) => a - b)
  const value = times[Math.ceil(CALLS * 0.95) - 1]!
  say(`${metric}: median ${times[CALLS / 2]!.toFixed(1)}, most ${times.at(-1)!.toFixed(1)}`)
  return { metric, unit: 'ms', value, runs: CALLS, goal: GOAL_MS } satisfies Measurement
}

function caller(url: string, ca: string, token: string): Call {
  const dispatcher = new Agent({ connect: { ca } })
  return async (path) => {
    const { statusCode, body } = await request(url + path, {
      dispatcher,
      headers: { authorization: `Bearer ${token}` },
    })
    const answer = await body.text()
    if (statusCode !== 200) throw new Error(`${path}: ${statusCode} ${answer}`)
    return answer
  }
}

async function started(output: NodeJS.ReadableStream): Promise<void> {
  for await (const line of createInterface({ input: output })) if (SERVES.test(line)) return
  throw new Error('the server ended before it served')
}

/** Machines as the server writes them; events by SQL, in the time that this has. */
function fill(file: string): void {
  const store = openStore(file)
  store.transactions.transaction(() => {
    store.profiles.insert({
      id: id(-1),
      name: 'web',
      selector: { role: 'web' },
      priority: 0,
      spec: { image: 'os/web:stable' },
    })
    for (let n = 0; n < MACHINES; n++) {
      const at = new Date(Date.UTC(2026, 0, 1) + n * 60_000).toISOString()
      store.machines.insert({
        id: id(n),
        name: `web-${String(n).padStart(5, '0')}`,
        state: STATES[n % STATES.length] as 'ready',
        origin: 'network',
        labels: { rack: `r${n % 100}`, role: n % 2 === 0 ? 'web' : 'db' },
        ownSpec: { rootSshKeys: [`ssh-ed25519 ${'A'.repeat(68)} technician@example.com`] },
        uuid: `4c4c4544-0043-3510-8052-${n.toString(16).padStart(12, '0')}`,
        serial: serial(n),
        product: n % 3 === 0 ? 'Dell Inc. PowerEdge R650' : 'Lenovo ThinkSystem SR630 V3',
        architecture: 'amd64',
        firmware: n % 4 === 0 ? 'bios' : 'uefi',
        address: `10.${n >> 8}.${n & 255}.5`,
        generation: 1,
        runningDigest: null,
        lastSeenAt: at,
        ipxeRefusedAt: null,
        createdAt: at,
      })
      for (const nic of [0, 1]) store.machines.bind('mac', mac(n * 2 + nic), id(n))
    }
  })
  store.close()
  const sqlite = new BetterSqlite3(file)
  sqlite.exec(`
    WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ${EVENTS - 1})
    INSERT INTO events (at, type, machine_id, install_id, actor, message, data)
    SELECT '2026-01-31T12:00:00.000Z', 'machine.state', '${ID_START}' || printf('%012x', (i * 7919) % ${MACHINES}), NULL, 'machine',
      'machine is booting (was assigned)', '{"from":"assigned","to":"booting"}' FROM n`)
  sqlite.close()
}

const ID_START = '01890000-0000-7000-8000-'

function id(n: number): string {
  return ID_START + (n < 0 ? 'f'.repeat(12) : (n % MACHINES).toString(16).padStart(12, '0'))
}

/** Seven characters, scattered, as makers print them. */
function serial(n: number): string {
  return (((n % MACHINES) * 7_368_787 + 1_000_003) % 36 ** 7).toString(36).toUpperCase().padStart(7, '0')
}

function mac(n: number): string {
  const digits = n.toString(16).padStart(6, '0')
  return `52:54:00:${digits.slice(0, 2)}:${digits.slice(2, 4)}:${digits.slice(4)}`
}
