// Debian's docker-registry on a port of loopback, without TLS, and raw access to it for what no client would do.
import { spawn } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../../server/host/free-port.ts'
import { OCI_INDEX, OCI_MANIFEST } from '../../server/oci/media-types.ts'

export interface DockerRegistry extends Disposable {
  /** `127.0.0.1:5000` */
  host: string
  /** Puts the manifest of one name under another. */
  retag(from: { repository: string; tag: string }, to: { repository: string; tag: string }): Promise<void>
}

export async function dockerRegistry(folder: string): Promise<DockerRegistry> {
  const host = `127.0.0.1:${await freePort()}`
  const storage = join(folder, 'storage')
  await mkdir(storage, { recursive: true })
  const config = join(folder, 'registry.yml')
  await writeFile(
    config,
    `version: 0.1\nlog: {level: error}\nstorage: {filesystem: {rootdirectory: ${storage}}}\nhttp: {addr: ${host}}\n`,
  )
  const child = spawn('docker-registry', ['serve', config], { stdio: 'ignore' })
  const answers = () =>
    fetch(`http://${host}/v2/`).then(
      ({ ok }) => ok,
      () => false,
    )
  for (let tries = 0; tries < 100 && !(await answers()); tries++) await sleep(100)
  return {
    host,
    async retag(from, to) {
      const url = ({ repository, tag }: typeof from) => `http://${host}/v2/${repository}/manifests/${tag}`
      const got = await fetch(url(from), { headers: { accept: `${OCI_MANIFEST}, ${OCI_INDEX}` } })
      const type = got.headers.get('content-type') ?? OCI_MANIFEST
      const bytes = await got.bytes()
      if (from.repository !== to.repository) await mountBlobs(host, bytes, from.repository, to.repository)
      const put = await fetch(url(to), { method: 'PUT', headers: { 'content-type': type }, body: bytes })
      if (!got.ok || !put.ok) throw new Error(`retagging: ${got.status}, ${put.status} ${await put.text()}`)
    },
    [Symbol.dispose]: () => void child.kill(),
  }
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
