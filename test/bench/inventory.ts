// How long people wait for the list, a search in it and one machine, with a data centre's worth of machines and their history; what the page
// weighs, and what a hundred open ones cost.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import BetterSqlite3 from 'better-sqlite3'
import { Agent, request } from 'undici'
import { LOCAL_ACCESS_FILE, LocalAccess } from '../../server/contract/local-access.ts'
import { freePort } from '../../server/host/free-port.ts'
import { openStore } from '../../server/store/store.ts'
import { openBrowser } from '../e2e/lab/browser.ts'
import { loopback } from '../interop/serve.ts'
import type { Bench, Measurement } from './result.ts'
import { SERVES, residentBytes, serveCommand } from './server-process.ts'

const MACHINES = 10_000
const EVENTS = 1_000_000
const CALLS = 200
const GOAL_MS = 100
/** What the page needs before it is of use, compressed. */
const FIRST_LOAD_GOAL = 300_000
/** A hall's worth of people with the page open. */
const TABS = 100
const TABS_GOAL = 200e6
const SETTLE_MS = 2000
const API = '/api/v1'
const STATES = ['ready', 'assigned', 'installing', 'deployed', 'failed']

export const inventory: Bench = {
  name: 'inventory',
  about: `list, search and one machine, with ${MACHINES.toLocaleString('en')} machines and ${EVENTS.toLocaleString('en')} events`,
  async run(say) {
    const dataDir = await mkdtemp(join(tmpdir(), 'landfall-inventory-'))
    say(`writing ${MACHINES} machines and ${EVENTS} events`)
    try {
      fill(join(dataDir, 'landfall.db'))
      const waits = await serving(dataDir, async (server) => {
        const call = caller(server)
        return [
          await measured('list_p95_ms', (n) => call(LISTS[n % LISTS.length]!), say),
          await measured('search_p95_ms', (n) => call(`/machines?search=${serial(n * 37).slice(2)}`), say),
          await measured('machine_p95_ms', (n) => machine(call, n * 41), say),
          await firstLoad(server, say),
        ]
      })
      // Of a server that has done nothing else yet: what it once took for other work it would still hold.
      return [...waits, await serving(dataDir, (server) => memoryOfTabs(server, say))]
    } finally {
      await rm(dataDir, { recursive: true, force: true })
    }
  },
}

interface Server {
  pid: number
  url: string
  ca: string
  token: string
}

async function serving<T>(dataDir: string, work: (server: Server) => Promise<T>): Promise<T> {
  const ports = { http: await freePort(), https: await freePort() }
  const [program = '', ...argv] = [...(await serveCommand()), '--data-dir', dataDir, ...loopback(ports)]
  const server = spawn(program, argv, { stdio: ['ignore', 'pipe', 'ignore'] })
  const gone = once(server, 'exit')
  try {
    await started(server.stdout)
    const access = LocalAccess.parse(JSON.parse(await readFile(join(dataDir, LOCAL_ACCESS_FILE), 'utf8')))
    return await work({ ...access, pid: server.pid!, url: `https://127.0.0.1:${ports.https}` })
  } finally {
    server.kill()
    await gone
  }
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

/** Bytes over the wire until a browser that was never here shows the inventory. */
async function firstLoad({ url: baseURL, token }: Server, say: (line: string) => void): Promise<Measurement> {
  await using browser = await openBrowser({ artefacts: tmpdir(), baseURL })
  const { page } = browser
  const parts = new Map<string, number>()
  page.on('requestfinished', async (request) => {
    // Live updates go on for as long as the page is open.
    if (request.url().includes('/api/')) return
    const { responseBodySize, responseHeadersSize } = await request.sizes()
    parts.set(request.url(), responseBodySize + responseHeadersSize)
  })
  const session = await page.request.post('/api/v1/login', { data: { token }, headers: { origin: baseURL } })
  if (!session.ok()) throw new Error(`login: ${session.status()} ${await session.text()}`)
  await page.goto('/machines')
  await page.getByRole('row').nth(5).waitFor()
  await page.waitForLoadState('load')
  await sleep(SETTLE_MS)
  for (const [url, bytes] of parts) say(`first load: ${bytes} ${new URL(url).pathname}`)
  const value = [...parts.values()].reduce((sum, bytes) => sum + bytes, 0)
  return { metric: 'first_load_bytes', unit: 'bytes', value, runs: 1, goal: FIRST_LOAD_GOAL }
}

/** Memory of the server while a hundred tabs follow what happens, and something happens all the time. */
async function memoryOfTabs({ pid, url, ca, token }: Server, say: (line: string) => void): Promise<Measurement> {
  const dispatcher = new Agent({ connect: { ca }, bodyTimeout: 0 })
  const headers = { authorization: `Bearer ${token}` }
  const closing = new AbortController()
  const { signal } = closing
  let heard = 0
  const tabs = Array.from({ length: TABS }, async () => {
    const { body } = await request(`${url}${API}/events`, { dispatcher, headers, signal })
    for await (const chunk of body) heard += String(chunk).split('\ndata: ').length - 1
  })
  const changes = await change(url, { dispatcher, headers })
  await sleep(SETTLE_MS)
  say(`${TABS} tabs heard ${heard} events of ${changes} changes`)
  if (heard < changes * TABS) throw new Error(`${TABS} tabs heard ${heard} events of ${changes} changes`)
  const value = await residentBytes(pid, 'VmHWM')
  closing.abort()
  await Promise.allSettled(tabs)
  await dispatcher.destroy()
  return { metric: 'sse_100_rss_bytes', unit: 'bytes', value, runs: 1, goal: TABS_GOAL }
}

/** Gives machines another label, one after the other; each is an event. */
async function change(url: string, options: { dispatcher: Agent; headers: Record<string, string> }): Promise<number> {
  const CHANGES = 500
  for (let n = 0; n < CHANGES; n++) {
    const body = JSON.stringify({ labels: { rack: `r${n % 100}`, shelf: String(n) } })
    const headers = { ...options.headers, 'content-type': 'application/json' }
    const answer = await request(`${url}${API}/machines/${id(n)}`, { ...options, method: 'PATCH', headers, body })
    if (answer.statusCode !== 200) throw new Error(`changing labels: ${await answer.body.text()}`)
    await answer.body.dump()
  }
  return CHANGES
}

function caller({ url, ca, token }: Server): Call {
  const dispatcher = new Agent({ connect: { ca } })
  return async (path) => {
    const { statusCode, body } = await request(url + API + path, {
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
      revision: 1,
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
        revision: 1,
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
