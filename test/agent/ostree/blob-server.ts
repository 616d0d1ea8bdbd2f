// An HTTPS server for blobs with a CA of its own, and ways to misbehave.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:https'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BlobSource } from '../../../boot-assets/agent/stream/blob-source.ts'

export interface BlobServer {
  source(digest: string): BlobSource
  /** Requests seen: digest and Range header. */
  requests: { digest: string; range: string | undefined }[]
  /** Answers instead of the server if it returns true. */
  interfere: (digest: string, request: IncomingMessage, response: ServerResponse, body: Buffer) => boolean
  [Symbol.asyncDispose](): Promise<void>
}

export async function serveBlobs(blobs: ReadonlyMap<string, Buffer>): Promise<BlobServer> {
  const { key, cert } = selfSigned()
  const server = createServer({ key, cert }, (request, response) => {
    const digest = request.url!.slice(1)
    const body = blobs.get(digest)
    const { range } = request.headers
    handle.requests.push({ digest, range })
    if (body === undefined) return void response.writeHead(404).end()
    if (handle.interfere(digest, request, response, body)) return
    const start = Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? 0)
    response.writeHead(range === undefined ? 200 : 206, {
      'content-length': body.length - start,
      ...(range === undefined ? {} : { 'content-range': `bytes ${start}-${body.length - 1}/${body.length}` }),
    })
    response.end(body.subarray(start))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const handle: BlobServer = {
    source: (digest) => ({ urls: [`https://127.0.0.1:${port}/${digest}`], ca: cert }),
    requests: [],
    interfere: () => false,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return handle
}

function selfSigned(): { key: string; cert: string } {
  const folder = mkdtempSync(join(tmpdir(), 'blob-server-'))
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')] as const
  // prettier-ignore
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2',
    '-subj', '/CN=blobs', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', cert], { stdio: 'ignore' })
  try {
    return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') }
  } finally {
    rmSync(folder, { recursive: true })
  }
}
