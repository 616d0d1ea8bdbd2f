// Whether a server has read everything that was sent to it: firing faster would only have the kernel drop what it has no room for.
import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'

/** Long, as whoever fires may leave the server little of the processor. */
const PATIENCE_MS = 120_000
const MAX_PAUSE_MS = 32

/**
 * Resolves when nothing waits in the UDP sockets on these ports of the process's network namespace; rejects when that takes too long, as
 * it does of a program that hangs.
 */
export async function allRead(pid: number, ports: readonly number[]): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS
  for (let pause = 1; (await sockets(pid)).some(({ port, waiting }) => waiting && ports.includes(port)); pause *= 2) {
    if (Date.now() > deadline) throw new Error(`process ${pid} reads nothing any more`)
    await sleep(Math.min(pause, MAX_PAUSE_MS))
  }
}

async function sockets(pid: number): Promise<{ port: number; waiting: boolean }[]> {
  const tables = await Promise.all(['udp', 'udp6'].map((name) => readFile(`/proc/${pid}/net/${name}`, 'utf8')))
  // `sl local_address rem_address st tx_queue:rx_queue`, in hexadecimal.
  const rows = tables.flatMap((table) =>
    table.matchAll(/^ *\d+: \w+:(\w{4}) \w+:\w{4} \w\w \w{8}:(\w{8}) /gm).toArray(),
  )
  return rows.map(([, port = '', queue]) => ({ port: parseInt(port, 16), waiting: queue !== '00000000' }))
}
