// Debian's docker-registry on loopback: a registry to pull from, to copy to, and to be measured against.
import { spawn } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../../server/host/free-port.ts'
import { OCI_INDEX, OCI_MANIFEST } from '../../server/oci/media-types.ts'

const START_MS = 30_000

export interface DockerRegistry extends AsyncDisposable {
  /** `127.0.0.1:PORT`, plain HTTP. */
  host: string
  /** Folder of its files. */
  storage: string
  pid: number
  /** Puts the manifest of one name under another, which no client would do. */
  retag(from: Name, to: Name): Promise<void>
}

interface Name {
  repository: string
  tag: string
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
    retag: (from, to) => retag(host, from, to),
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

async function retag(host: string, from: Name, to: Name): Promise<void> {
  const url = ({ repository, tag }: Name) => `http://${host}/v2/${repository}/manifests/${tag}`
  const got = await fetch(url(from), { headers: { accept: `${OCI_MANIFEST}, ${OCI_INDEX}` } })
  const type = got.headers.get('content-type') ?? OCI_MANIFEST
  const bytes = await got.bytes()
  if (from.repository !== to.repository) await mountBlobs(host, bytes, from.repository, to.repository)
  const put = await fetch(url(to), { method: 'PUT', headers: { 'content-type': type }, body: bytes })
  if (!got.ok || !put.ok) throw new Error(`retagging: ${got.status}, ${put.status} ${await put.text()}`)
}

async function mountBlobs(host: string, manifest: Uint8Array, from: string, to: string): Promise<void> {
  const { config, layers } = JSON.parse(Buffer.from(manifest).toString()) as {
    config: { digest: string }
    layers: { digest: string }[]
  }
  for (const { digest } of [config, ...layers]) {
    await fetch(`http://${host}/v2/${to}/blobs/uploads/?mount=${digest}&from=${from}`, { method: 'POST' })
  }
}
