// Tells systemd how the service is (sd_notify(3)). By the program systemd-notify, as Node has no Unix datagram sockets.
import { execFile } from 'node:child_process'

export interface ServiceManager {
  /** The service serves; `status` is one line for `systemctl status`. From now on signs of life are sent, if they are expected. */
  ready(status: string): Promise<void>
  /** The service ends by its own will; signs of life stop. */
  stopping(): Promise<void>
}

const TIMEOUT_MS = 10_000

/** Without a service manager that wants to know, nothing happens. `onTrouble` is called when it could not be told, at most once. */
export function serviceManager(
  env: NodeJS.ProcessEnv,
  { pid, onTrouble }: { pid: number; onTrouble: (error: Error) => void },
): ServiceManager {
  if (!env['NOTIFY_SOCKET']) return { ready: async () => {}, stopping: async () => {} }
  let troubled = false
  const tell = (...assignments: string[]) =>
    new Promise<void>((resolve) => {
      execFile('systemd-notify', assignments, { timeout: TIMEOUT_MS }, (error) => {
        if (error && !troubled) {
          troubled = true
          onTrouble(error)
        }
        resolve()
      })
    })
  let watchdog: NodeJS.Timeout | undefined
  return {
    async ready(status) {
      const interval = watchdogInterval(env, pid)
      if (interval !== undefined) watchdog = setInterval(() => void tell('WATCHDOG=1'), interval).unref()
      await tell('READY=1', `STATUS=${status}`)
    },
    async stopping() {
      clearInterval(watchdog)
      await tell('STOPPING=1', 'STATUS=stopping')
    },
  }
}

/** Half of what the service manager waits, in milliseconds; undefined when it does not wait for this process. */
export function watchdogInterval(env: NodeJS.ProcessEnv, pid: number): number | undefined {
  const microseconds = Number(env['WATCHDOG_USEC'])
  if (!Number.isSafeInteger(microseconds) || microseconds <= 0) return undefined
  if (env['WATCHDOG_PID'] !== undefined && Number(env['WATCHDOG_PID']) !== pid) return undefined
  return Math.max(1, Math.floor(microseconds / 2000))
}
