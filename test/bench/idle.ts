// What a server costs that has a hundred machines and nothing to do.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { LOCAL_ACCESS_FILE, LocalAccess } from '../../server/contract/local-access.ts'
import { PretendMachine } from '../helpers/pretend-machine.ts'
import { freePort } from '../../server/host/free-port.ts'
import { loopback } from '../interop/serve.ts'
import { median } from './result.ts'
import type { Bench } from './result.ts'
import { SERVES, residentBytes, serveCommand } from './server-process.ts'

const MACHINES = 100
const IDLE_MS = 60_000
const READINGS = 5
const READING_INTERVAL_MS = 1000

export const idle: Bench = {
  name: 'idle',
  about: `memory of a server with ${MACHINES} machines after ${IDLE_MS / 1000} s without work`,
  async run(say) {
    const dataDir = await mkdtemp(join(tmpdir(), 'landfall-idle-'))
    const [http, https] = [await freePort(), await freePort()]
    // Started as `npm start` does it, but on loopback.
    const flags = loopback({ http, https })
    const [program = '', ...argv] = [...(await serveCommand()), '--data-dir', dataDir, ...flags]
    const server = spawn(program, argv, { stdio: ['ignore', 'pipe', 'ignore'] })
    const gone = once(server, 'exit')
    try {
      await started(server.stdout)
      const { ca } = LocalAccess.parse(JSON.parse(await readFile(join(dataDir, LOCAL_ACCESS_FILE), 'utf8')))
      say(`registering ${MACHINES} machines`)
      for (let n = 1; n <= MACHINES; n++) {
        using machine = new PretendMachine(
          { http: `http://127.0.0.1:${http}`, https: `https://127.0.0.1:${https}`, ca },
          n,
        )
        await machine.register()
      }
      say(`waiting ${IDLE_MS / 1000} s`)
      await sleep(IDLE_MS)
      const readings: number[] = []
      for (let reading = 0; reading < READINGS; reading++) {
        readings.push(await residentBytes(server.pid!))
        await sleep(READING_INTERVAL_MS)
      }
      return [{ metric: 'rss_bytes', unit: 'bytes', value: median(readings), runs: READINGS, goal: 150e6 }]
    } finally {
      server.kill()
      await gone
      await rm(dataDir, { recursive: true, force: true })
    }
  },
}

async function started(output: NodeJS.ReadableStream): Promise<void> {
  for await (const line of createInterface({ input: output })) if (SERVES.test(line)) return
  throw new Error('the server ended before it served')
}
