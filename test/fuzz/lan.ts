// A whole Landfall at one end of a wire, and at the other somebody who fires at it: what every target of datagrams to a link shares.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import type { Namespace } from '../e2e/lab/namespace.ts'
import { Netns } from '../interop/netns.ts'
import { allRead } from './receive-queue.ts'
import type { Answer, SocketPlan, Volley } from './shooter.ts'

const COMMAND = resolve(import.meta.dirname, '../../server/cli/landfall.js')
const SHOOTER = join(import.meta.dirname, 'shooter.ts')
/** A loaded host compiles for a while. */
const START_MS = 120_000

export interface LanOptions {
  /** landfall.toml; its link is `lan0`. */
  config: string
  sockets: readonly SocketPlan[]
  /** The ports that are fired at. */
  ports: readonly number[]
  /** Addresses and routes of both ends. */
  configure(server: Namespace, client: Namespace): Promise<void>
  onAnswer: (answer: Answer) => void
}

export interface Lan extends AsyncDisposable {
  /** Of the server. */
  pid: number
  /** Resolves when the server has read all of it. */
  fire(volley: Volley): Promise<void>
  /** Lines that the server logged as errors. */
  errors(): string[]
}

/** Starts both ends. Needs root. */
export async function startLan({ config, sockets, ports, configure, onAnswer }: LanOptions): Promise<Lan> {
  await using stack = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'landfall-fuzz-'))
  stack.defer(() => rm(folder, { recursive: true, force: true }))
  const net = stack.use(new Netns(folder))
  const [server, client] = [await net.create('server'), await net.create('client')]
  await net.connect(server, { name: 'lan0' }, client, {})
  await configure(server, client)

  const dataDir = join(folder, 'data')
  await mkdir(join(dataDir, 'boot/loaders'), { recursive: true })
  // Without loaders most firmware would be told nothing.
  for (const name of ['undionly.kpxe', 'ipxe.pxe', 'snponly.efi'])
    await writeFile(join(dataDir, 'boot/loaders', name), name)
  const file = join(folder, 'landfall.toml')
  await writeFile(file, `${config}\n[log]\nlevel = "error"\nformat = "json"\n`)
  const argv = [process.execPath, COMMAND, 'serve', '--user', 'root', '--data-dir', dataDir, '--config', file]
  const landfall = net.start(server, 'landfall', argv)
  await landfall.log.waitForLine(/^Landfall \S+ serves /, { timeout: START_MS })

  const [program, ...rest] = client.inside([process.execPath, SHOOTER, JSON.stringify(sockets)])
  const shooter = spawn(program!, rest, { stdio: ['pipe', 'pipe', 'inherit'] })
  const exit = once(shooter, 'exit')
  stack.defer(async () => {
    shooter.kill('SIGKILL')
    await exit
  })
  const waiting: (() => void)[] = []
  const ready = new Promise<void>((done) => waiting.push(done))
  createInterface({ input: shooter.stdout }).on('line', (line) => {
    const said = JSON.parse(line) as Answer | { fired: number }
    if ('fired' in said) waiting.shift()?.()
    else onAnswer(said)
  })
  await ready

  const running = stack.move()
  return {
    pid: landfall.pid,
    async fire(volley) {
      const fired = new Promise<void>((done) => waiting.push(done))
      shooter.stdin.write(`${JSON.stringify(volley)}\n`)
      await fired
      await allRead(landfall.pid, ports)
    },
    errors: () => landfall.log.matching(/"level":"(error|fatal)"|^\s+at |Error:/),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }
}
