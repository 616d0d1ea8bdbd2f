// A registry behind a CA of its site and a proxy, with real sockets: its name is one that only the proxy knows.
import { serve } from '@hono/node-server'
import { createServer } from 'node:http'
import type { IncomingMessage, Server } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { connect } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { UpstreamSetting } from '../../../server/contract/upstream.ts'
import { BlobStore } from '../../../server/oci/blob-store.ts'
import { OciError } from '../../../server/oci/errors.ts'
import { ImageService } from '../../../server/oci/image-service.ts'
import { loadUpstreams } from '../../../server/oci/load-upstreams.ts'
import { Upstreams } from '../../../server/oci/upstreams.ts'
import { issueCaCertificate, issueServerCertificate } from '../../../server/pki/certificate.ts'
import type { KeyAndCertificate } from '../../../server/pki/certificate.ts'
import { memoryImageRecords } from '../../helpers/image-records.ts'
import { testRegistry } from '../../helpers/registry.ts'
import { pushImage } from './registry/support.ts'

const VALIDITY = { notBefore: new Date('2000-01-01'), notAfter: new Date('2100-01-01') }
/** Of a domain that nobody has (RFC 6761). */
const REGISTRY = 'registry.invalid'

let ca: KeyAndCertificate
let ofRegistry: KeyAndCertificate
let ofProxy: KeyAndCertificate
beforeAll(async () => {
  ca = await issueCaCertificate('Site CA', VALIDITY)
  ofRegistry = await issueServerCertificate(ca, [REGISTRY], VALIDITY)
  ofProxy = await issueServerCertificate(ca, ['127.0.0.1'], VALIDITY)
})

async function startRegistry(): Promise<number> {
  const registry = await testRegistry()
  await pushImage(registry)
  const { key, certificate: cert } = ofRegistry
  const options = { createServer: createSecureServer, serverOptions: { key, cert } }
  const server = serve({ fetch: registry.app.fetch, hostname: '127.0.0.1', port: 0, ...options })
  return listening(server as Server)
}

/** Connects whoever asks for the registry's name, with the password if it wants one. */
async function startProxy(registryPort: number, { secure = false, login = '' } = {}) {
  const asked: string[] = []
  const proxy = secure ? createSecureServer({ key: ofProxy.key, cert: ofProxy.certificate }) : createServer()
  proxy.on('connect', (request: IncomingMessage, client: Socket) => {
    const want = login && `Basic ${Buffer.from(login).toString('base64')}`
    if (login && request.headers['proxy-authorization'] !== want) {
      return client.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n')
    }
    asked.push(request.url!)
    const onward = connect(registryPort, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection Established\r\n\r\n')
      onward.pipe(client).pipe(onward)
    })
    client.on('error', () => onward.destroy())
    onward.on('error', () => client.destroy())
  })
  const address = new Promise<number>((resolve) => proxy.listen(0, '127.0.0.1', () => resolve((proxy.address() as AddressInfo).port))) // prettier-ignore
  onTestFinished(() => {
    proxy.closeAllConnections()
    proxy.close()
  })
  const user = login && `${login}@`
  return { asked, url: `${secure ? 'https' : 'http'}://${user}127.0.0.1:${await address}` }
}

/** Pulls as the table of a configuration says. */
async function pull(table: { proxy?: string; ca?: boolean }) {
  const folder = await mkdtemp(join(tmpdir(), 'landfall-upstream-tls-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  await writeFile(join(folder, 'ca.pem'), ca.certificate)
  const { proxy } = table
  const setting = UpstreamSetting.parse({
    registry: REGISTRY,
    ...(proxy !== undefined && { proxy }),
    ...(table.ca !== false && { ca: join(folder, 'ca.pem') }),
  })
  const upstreams = new Upstreams(loadUpstreams([setting]))
  const images = new ImageService(await BlobStore.open(join(folder, 'oci')), memoryImageRecords(), { upstreams })
  return images.pull({ reference: `${REGISTRY}/os/web:1` }, () => {})
}

describe('a registry with a certificate of the site, behind a proxy', () => {
  it.each([
    ['of plain HTTP', {}],
    ['of HTTPS, by the same CA', { secure: true }],
    ['with a password', { login: 'site:pass' }],
  ])('is reached through one %s', async (_, options) => {
    const proxy = await startProxy(await startRegistry(), options)
    expect(await pull({ proxy: proxy.url })).toMatchObject({ reference: 'os/web:1' })
    expect(new Set(proxy.asked)).toEqual(new Set([`${REGISTRY}:443`]))
  })

  it('is not believed without the CA', async () => {
    const proxy = await startProxy(await startRegistry())
    const refused = pull({ proxy: proxy.url, ca: false })
    await expect(refused).rejects.toThrowWithCode(OciError, 'REGISTRY_UNREACHABLE')
    await expect(refused).rejects.toThrow(/certificate/)
  })

  it('is out of reach without the proxy, and with a wrong password for it, which is not told', async () => {
    await expect(pull({})).rejects.toThrowWithCode(OciError, 'REGISTRY_UNREACHABLE')
    const proxy = await startProxy(await startRegistry(), { login: 'site:pass' })
    const refused = pull({ proxy: proxy.url.replace('pass', 'wrong') })
    await expect(refused).rejects.toThrowWithCode(OciError, 'REGISTRY_UNREACHABLE')
    await expect(refused).rejects.not.toThrow(/wrong/)
  })
})

async function listening(server: Server): Promise<number> {
  if (!server.listening) await new Promise((resolve) => server.once('listening', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}
