// Repositories that are not for everybody: what an agent may pull while it installs, and what the machine may when it upgrades.

import { execFile } from 'node:child_process'
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { serverImages } from '../../boot-assets/agent/link/server-images.ts'
import { Server } from '../../boot-assets/agent/link/server.ts'
import { Session } from '../../boot-assets/agent/link/session.ts'
import { BlobFetcher } from '../../boot-assets/agent/stream/blob-source.ts'
import { registryAuth } from '../../server/contract/registry-files.ts'
import { parseManifest } from '../../server/oci/manifest.ts'
import { digestOf } from '../../server/oci/verify.ts'
import { facts, MAC } from '../helpers/store-fakes.ts'
import { writeTinyImage } from '../images/tiny-image.ts'
import { serve, type Served } from './serve.ts'

const run = promisify(execFile)

let folder: string
let certificates: string
let served: Served
let host: string
let digest: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'landfall-private-'))
  const config = join(folder, 'landfall.toml')
  await writeFile(config, '[images]\npublic = ["open/**"]\n')
  served = await serve(join(folder, 'data'), { flags: ['--config', config] })
  host = `127.0.0.1:${served.ports.https}`
  certificates = join(folder, 'certs')
  await mkdir(certificates)
  await writeFile(join(certificates, 'ca.crt'), served.access.ca)
  const layout = join(folder, 'layout')
  digest = (await writeTinyImage(layout, { labels: { 'containers.bootc': '1' } })).descriptor.digest
  for (const name of ['private/web', 'private/other']) {
    await run('skopeo', ['copy', '--quiet', '--preserve-digests', '--dest-cert-dir', certificates, '--dest-creds', `me:${served.access.token}`, `oci:${layout}:1`, `docker://${host}/${name}:1`]) // prettier-ignore
  }
}, 120_000)

afterAll(async () => {
  await served?.[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

describe('a private repository', () => {
  it('is open to the agent that installs from it, until the install is over', async () => {
    const created = await served.send('POST', '/api/v1/machines', { name: 'node-1', macs: [MAC] })
    expect(created.status, await created.text()).toBe(201)
    const assigned = await served.cli('machine', 'assign', 'private/web:1', 'node-1')
    expect(assigned.code, assigned.stderr).toBe(0)
    const installToken = /landfall\.token=(\S+)/.exec(await served.script(MAC))![1]!
    const server = new Server(served.https, served.access.ca)
    const describeMachine = async () => ({
      bootMac: MAC,
      facts: facts(),
      agentVersion: '0.1.0',
      bootId: '11111111-1111-4111-8111-111111111111',
    })
    const session = new Session({ server, installToken, describe: describeMachine, onTrouble: () => {} })
    const task = await session.nextTask(0)
    if (task.type !== 'install') throw new Error(task.type)
    expect(task.image).toMatchObject({ repository: 'private/web', digest })

    const { ca } = served.access
    const images = serverImages(server, { ca, token: task.pullToken })
    const fetcher = new BlobFetcher()
    const pull = async (repository: string) => {
      const parsed = parseManifest(await images.bytes('manifests', repository, digest))
      if (parsed.kind !== 'manifest') throw new Error(parsed.kind)
      for (const layer of parsed.manifest.layers) {
        const chunks = fetcher.fetch(images.locate(repository, layer.digest), layer.size)
        expect(digestOf(Buffer.concat(await Array.fromAsync(chunks, (chunk) => Buffer.from(chunk))))).toBe(layer.digest)
      }
    }
    await pull('private/web')
    await expect(pull('private/other')).rejects.toThrow(/may not pull/)
    const anonymous = serverImages(server, { ca })
    await expect(anonymous.bytes('manifests', 'private/web', digest)).rejects.toThrow(/needs an API token/)
    await served.send('POST', `/api/v1/installs/${task.installId}/cancel`, {})
    await expect(pull('private/web')).rejects.toThrow(/unknown, revoked or expired/)
    fetcher.close()
    server.close()
  }, 60_000)

  it('is open to the deployed machine by the login of its spec, as it lies in /etc/ostree/auth.json', async () => {
    const made = await served.cli('token', 'create', 'upgrades', '--role', 'viewer', '--output', 'json')
    const { secret } = JSON.parse(made.stdout) as { secret: string }
    const auth = join(folder, 'auth.json')
    await writeFile(auth, registryAuth({ credentials: [{ registry: host, username: 'upgrades', password: secret }] })!)
    await chmod(auth, 0o600)
    const inspect = (...args: string[]) =>
      run('skopeo', ['inspect', '--cert-dir', certificates, ...args, `docker://${host}/private/web:1`])
    expect(JSON.parse((await inspect('--authfile', auth)).stdout)).toMatchObject({ Digest: digest })
    await expect(inspect('--no-creds')).rejects.toThrow(/unauthorized|authentication required/i)
  })
})
