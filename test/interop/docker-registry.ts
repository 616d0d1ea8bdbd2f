// Debian's docker-registry on loopback: a registry to pull from, to copy to, and to be measured against.
import { spawn } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../../server/host/free-port.ts'

const START_MS = 30_000

export interface DockerRegistry extends AsyncDisposable {
  /** `127.0.0.1:PORT`, plain HTTP. */
  host: string
  /** Folder of its files. */
  storage: string
  pid: number
}

/** Starts it with its files in `folder`. `argv` stands for the program, when it is not the installed one. */
export async function startDockerRegistry(
  folder: string,
  argv: readonly [string, ...string[]] = ['docker-registry'],
): Promise<DockerRegistry> {
  const host = `127.0.0.1:${await freePort()}`
  const storage = join(folder, 'storage')
  await mkdir(storage, { recursive: true })
  const config = join(folder, 'config.yml')
  const lines = [
    'version: 0.1',
    'log: {level: error, accesslog: {disabled: true}}',
    `storage: {filesystem: {rootdirectory: ${storage}}, delete: {enabled: true}}`,
    `http: {addr: ${host}}`,
  ]
  await writeFile(config, `${lines.join('\n')}\n`)
  const [program, ...flags] = argv
  const child = spawn(program, [...flags, 'serve', config], { stdio: 'ignore' })
  const failed = new Promise<never>((_, reject) => child.once('error', reject))
  await Promise.race([failed, answers(host)])
  return {
    host,
    storage,
    pid: child.pid!,
    [Symbol.asyncDispose]: async () => {
      const ended = new Promise((resolve) => child.once('exit', resolve))
      child.kill()
      await ended
    },
  }
}

async function answers(host: string): Promise<void> {
  for (const deadline = Date.now() + START_MS; Date.now() < deadline; await sleep(100)) {
    const answer = await fetch(`http://${host}/v2/`).catch(() => undefined)
    if (answer?.ok) return
  }
  throw new Error(`docker-registry does not answer on ${host}`)
}
