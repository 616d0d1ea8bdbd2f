// A registry for one OCI layout, as plain as can be: what is measured is who reads from it. Prints its port, then when it was asked for
// the first blob, in milliseconds since 1970.
//   node deploy-registry.ts LAYOUT
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pipeline } from 'node:stream'
import { blobPath, readImage } from '../images/layout.ts'

const [layout = ''] = process.argv.slice(2)
const { descriptor } = await readImage(layout, '1')

let isFirst = true
const server = createServer((request, response) => {
  const [, kind, reference] = /\/(manifests|blobs)\/([^/]+)$/.exec(request.url ?? '') ?? []
  if (kind === undefined) return void response.writeHead(200).end('{}')
  if (kind === 'blobs' && isFirst) {
    isFirst = false
    console.log(now())
  }
  const digest = kind === 'manifests' ? descriptor.digest : reference!
  const type = kind === 'manifests' ? descriptor.mediaType : 'application/octet-stream'
  const path = blobPath(layout, digest)
  stat(path).then(
    ({ size }) => {
      response.writeHead(200, { 'content-type': type, 'content-length': size, 'docker-content-digest': digest })
      if (request.method === 'HEAD') response.end()
      else pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), response, () => {})
    },
    () => response.writeHead(404).end(),
  )
})
function now(): number {
  return performance.timeOrigin + performance.now()
}

server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port))
