// A data centre's worth of machines and their history, in the time that a benchmark has: machines as the server writes them, the rest by SQL.
import BetterSqlite3 from 'better-sqlite3'
import { openStore } from '../../server/store/store.ts'

export const MACHINES = 10_000
export const EVENTS = 1_000_000
/** Of the audit trail, which is kept for as long as the events. */
const AUDIT_ENTRIES = 1_000_000
/** Of each machine. */
const INSTALLS = 3
/** A rollout that is going on. */
const RUNNING = 100
/** How far back the history goes. */
const DAYS = 365
export const RACKS = 100

const STATES = ['ready', 'assigned', 'installing', 'deployed', 'failed']
/** Of a thousand events, the last before `below` are of this type: most is what machines do each time they start. */
const EVENT_TYPES = [
  { below: 3, type: 'install.created' },
  { below: 5, type: 'install.succeeded' },
  { below: 6, type: 'install.failed' },
  { below: 8, type: 'machine.updated' },
  { below: 10, type: 'webhook.delivered' },
  { below: 200, type: 'install.step' },
  { below: 500, type: 'boot.dhcp' },
  { below: 700, type: 'boot.asset' },
  { below: 1000, type: 'machine.state' },
] as const

/** Writes a new database. */
export function fillInventory(file: string): void {
  const store = openStore(file)
  store.transactions.transaction(() => {
    store.profiles.insert({
      id: machineId(-1),
      name: 'web',
      selector: { role: 'web' },
      priority: 0,
      revision: 1,
      spec: { image: 'os/web:stable' },
    })
    for (let n = 0; n < MACHINES; n++) {
      const at = new Date(Date.now() - (MACHINES - n) * 60_000).toISOString()
      store.machines.insert({
        id: machineId(n),
        name: `web-${String(n).padStart(5, '0')}`,
        state: STATES[n % STATES.length] as 'ready',
        origin: 'network',
        labels: { rack: `r${n % RACKS}`, role: n % 2 === 0 ? 'web' : 'db' },
        ownSpec: { rootSshKeys: [`ssh-ed25519 ${'A'.repeat(68)} technician@example.com`] },
        uuid: `4c4c4544-0043-3510-8052-${n.toString(16).padStart(12, '0')}`,
        serial: serialOf(n),
        product: n % 3 === 0 ? 'Dell Inc. PowerEdge R650' : 'Lenovo ThinkSystem SR630 V3',
        architecture: 'amd64',
        firmware: n % 4 === 0 ? 'bios' : 'uefi',
        address: `10.${n >> 8}.${n & 255}.5`,
        generation: INSTALLS,
        runningDigest: n % STATES.length === 3 ? digest(n % 4) : null,
        lastSeenAt: at,
        silentSince: null,
        bmc: null,
        ipxeRefusedAt: null,
        revision: 1,
        createdAt: at,
      })
      for (const nic of [0, 1]) store.machines.bind('mac', macOf(n * 2 + nic), machineId(n))
    }
  })
  store.close()
  const sqlite = new BetterSqlite3(file)
  sqlite.pragma('synchronous = OFF')
  sqlite.transaction(() => {
    sqlite.exec(`${installs()};${steps()};${events()};${audit()}`)
  })()
  sqlite.close()
}

function installs(): string {
  const total = MACHINES * INSTALLS
  const failure = JSON.stringify({ code: 'NETWORK', message: 'the connection broke', hint: 'look at the cable' })
  return `
    WITH ${counter(total)}
    INSERT INTO installs (id, machine_id, generation, state, image, repository, digest, follow_reference, spec, failure, last_event,
      created_at, started_at, ended_at)
    SELECT ${installAt('i')}, ${machineAt('i')}, 1 + i / ${MACHINES},
      CASE WHEN i < ${total - RUNNING} THEN iif(i % 5 = 4, 'failed', 'succeeded') ELSE 'running' END,
      'os/web:stable', 'os/web', '${digest(0)}', 'os/web:stable', '{}',
      CASE WHEN i < ${total - RUNNING} AND i % 5 = 4 THEN '${failure}' END, 20,
      ${timeAt('i', total)}, ${timeAt('i', total)}, CASE WHEN i < ${total - RUNNING} THEN ${timeAt('i', total)} END
    FROM n`
}

function steps(): string {
  return `
    INSERT INTO install_steps (install_id, position, name, state, bytes, total_bytes, rate, message, sampled_at)
    SELECT installs.id, step.key, step.value, iif(state = 'running' AND step.value = 'fetch', 'running', 'done'), 1000000, 2000000, 1000000, '',
      strftime('%FT%H:%M:%fZ', 'now')
    FROM installs, json_each('["boot", "identify", "plan", "partition", "fetch", "deploy", "configure", "reboot"]') AS step`
}

function events(): string {
  const type = EVENT_TYPES.map((one) => `WHEN i % 1000 < ${one.below} THEN '${one.type}'`).join(' ')
  return `
    WITH ${counter(EVENTS)}, typed AS (SELECT i, CASE ${type} END AS type FROM n)
    INSERT INTO events (at, type, machine_id, install_id, actor, message, data)
    SELECT ${timeAt('i', EVENTS)}, type, ${machineAt('(i * 7919)')},
      CASE WHEN type LIKE 'install.%' THEN ${installAt(`((i * 7919) % ${MACHINES * INSTALLS})`)} END,
      'machine', 'machine is booting (was assigned)', '{"from":"assigned","to":"booting"}'
    FROM typed`
}

function audit(): string {
  return `
    WITH ${counter(AUDIT_ENTRIES)}
    INSERT INTO audit (at, actor, role, address, action, target, detail, result, request_id)
    SELECT ${timeAt('i', AUDIT_ENTRIES)}, 'user:' || (i % 50), 'operator', '10.0.0.1', 'PATCH /machines/{id}', ${machineAt('(i * 7919)')},
      'labels', iif(i % 100 = 0, 'refused', 'done'), NULL
    FROM n`
}

function counter(total: number): string {
  return `RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ${total - 1})`
}

function machineAt(n: string): string {
  return `'${MACHINE_IDS}' || printf('%012x', ${n} % ${MACHINES})`
}

function installAt(n: string): string {
  return `'${INSTALL_IDS}' || printf('%012x', ${n})`
}

/** Evenly, until now. */
function timeAt(n: string, total: number): string {
  return `strftime('%FT%H:%M:%fZ', 'now', printf('%+.3f seconds', (${n} - ${total}) * ${(DAYS * 86_400) / total}))`
}

const MACHINE_IDS = '01890000-0000-7000-8000-'
const INSTALL_IDS = '01890000-0000-7000-9000-'

/** Of machine n, which may be any number. */
export function machineId(n: number): string {
  return MACHINE_IDS + (n < 0 ? 'f'.repeat(12) : (n % MACHINES).toString(16).padStart(12, '0'))
}

/** Seven characters, scattered, as makers print them. */
export function serialOf(n: number): string {
  return (((n % MACHINES) * 7_368_787 + 1_000_003) % 36 ** 7).toString(36).toUpperCase().padStart(7, '0')
}

export function macOf(n: number): string {
  const digits = n.toString(16).padStart(6, '0')
  return `52:54:00:${digits.slice(0, 2)}:${digits.slice(2, 4)}:${digits.slice(4)}`
}

function digest(n: number): string {
  return `sha256:${String(n).repeat(64)}`
}
