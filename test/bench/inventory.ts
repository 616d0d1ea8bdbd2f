// How long people wait for the list, a search in it and one machine, with a data centre's worth of machines and their history; what the page
// weighs, and what a hundred open ones cost.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { Agent, request } from 'undici'
import { buildWeb } from '../../boot-assets/build.ts'
import { createMessageCutter } from '../../server/contract/message-cutter.ts'
import { LOCAL_ACCESS_FILE, LocalAccess } from '../../server/contract/local-access.ts'
import { freePort } from '../../server/host/free-port.ts'
import { openBrowser } from '../e2e/lab/browser.ts'
import { loopback } from '../interop/serve.ts'
import { EVENTS, fillInventory, machineId, MACHINES, macOf, RACKS, serialOf } from './inventory-data.ts'
import type { Bench, Measurement } from './result.ts'
import { SERVES, residentBytes, serveCommand } from './server-process.ts'

const CALLS = 200
const GOAL_MS = 100
/** What the page needs before it is of use, compressed. */
const FIRST_LOAD_GOAL = 300_000
/** A hall's worth of people with the page open. */
const TABS = 100
const TABS_GOAL = 200e6
const SETTLE_MS = 2000
const API = '/api/v1'

export const inventory: Bench = {
  name: 'inventory',
  about: `list, search and one machine, with ${MACHINES.toLocaleString('en')} machines and ${EVENTS.toLocaleString('en')} events`,
  async run(say) {
    const dataDir = await mkdtemp(join(tmpdir(), 'landfall-inventory-'))
    say(`writing ${MACHINES} machines and ${EVENTS} events`)
    try {
      await buildWeb(say)
      fillInventory(join(dataDir, 'landfall.db'))
      const waits = await serving(dataDir, async (server) => {
        const call = caller(server)
        return [
          await measured('list_p95_ms', (n) => call(LISTS[n % LISTS.length]!), say),
          await measured('search_p95_ms', (n) => call(`/machines?${search(n)}`), say),
          await measured('machine_p95_ms', (n) => machine(call, n * 41), say),
          await measured('overview_p95_ms', (n) => call(OVERVIEWS[n % OVERVIEWS.length]!), say),
          await measured('history_p95_ms', (n) => call(HISTORY[n % HISTORY.length]!), say),
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

/** A machine by its serial or its MAC, as often as what half of them have. */
function search(n: number): URLSearchParams {
  const words = [serialOf(n * 37).slice(2), macOf(n * 37), 'poweredge', 'r6']
  return new URLSearchParams({ search: words[n % words.length]! })
}

const OVERVIEWS = ['/overview', '/overview?by=rack', '/overview?by=role']

/** Of the acts of a year: pages near and far, of one person, of one result. */
const HISTORY = [
  '/audit',
  `/audit?before=${EVENTS / 2}`,
  '/audit?actor=user:7&limit=200',
  '/audit?actor=user:7&before=1000',
  '/audit?result=refused&limit=200',
  '/audit?result=failed',
]

type Call = (path: string) => Promise<unknown>

/** The machine's page: itself, its history, its installs. */
async function machine(call: Call, n: number): Promise<void> {
  const path = `/machines/${machineId(n)}`
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
    const cut = createMessageCutter()
    for await (const text of body.setEncoding('utf8')) heard += cut(String(text)).length
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
    const body = JSON.stringify({ labels: { rack: `r${n % RACKS}`, shelf: String(n) } })
    const headers = { ...options.headers, 'content-type': 'application/json' }
    const answer = await request(`${url}${API}/machines/${machineId(n)}`, {
      ...options,
      method: 'PATCH',
      headers,
      body,
    })
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
