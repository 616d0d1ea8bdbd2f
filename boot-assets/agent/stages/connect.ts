// Gets hold of the server: its CA by fingerprint, and a clock that its certificates are valid on.
import { retry } from '../link/retry.ts'
import { checkCa, fetchCa, Server, ServerError } from '../link/server.ts'
import type { ServerArguments } from '../arguments.ts'
import type { Console } from '../console.ts'
import type { Host } from '../sys/host.ts'

/** Clocks that differ less are left alone. */
const CLOCK_TOLERANCE_MS = 60_000

export interface Connection {
  server: Server
  /** PEM text of the server's CA certificate, checked. */
  ca: string
}

/** Waits for the server as long as it takes. Throws AgentError NETWORK when its CA is not the one named at boot. */
export async function connect(host: Host, console: Console, args: ServerArguments): Promise<Connection> {
  console.say(`fetching the CA certificate from ${args.http}`)
  const { pem, serverTime } = await retry(() => fetchCa(args.http), {
    again: (error) => error instanceof ServerError,
    onRetry: (error, pause) =>
      console.say(`${(error as Error).message}; trying again in ${Math.round(pause / 1000)} s`),
  })
  const ca = checkCa(pem, args.ca)
  console.say(
    `CA certificate checked: sha256 ${args.ca.slice(0, 16)}…; only servers it vouches for are trusted from here on`,
  )
  if (serverTime !== undefined) await setClock(host, console, serverTime)
  return { server: new Server(args.url, ca), ca }
}

/**
 * Machines with an empty CMOS battery wake up in another decade, where no certificate is valid. The time comes
 * unprotected, which is no loss: trust rests on the pinned CA, validity dates only keep honest clocks honest.
 */
async function setClock(host: Host, console: Console, serverTime: Date): Promise<void> {
  const difference = serverTime.getTime() - Date.now()
  if (Math.abs(difference) < CLOCK_TOLERANCE_MS) return
  console.say(
    `setting the clock to the server's: it was ${Math.round(Math.abs(difference) / 1000)} s ${difference > 0 ? 'behind' : 'ahead'}`,
  )
  await host
    .run('date', ['-u', '-s', `@${Math.floor(serverTime.getTime() / 1000)}`])
    .catch((error: Error) => console.say(`warning: the clock cannot be set: ${error.message}`))
}
