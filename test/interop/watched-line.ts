// The line to another registry, by plain HTTP: tells what came over it, and can be as slow as a line to the internet.
import { createServer, request } from 'node:http'
import type { IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** A busy host wakes late: so much is made up for. */
const LATE_MS = 100

export interface WatchedLine extends AsyncDisposable {
  /** `127.0.0.1:PORT`: the registry, for whoever shall be watched. */
  host: string
  /** `GET /v2/os/web/blobs/sha256:...`, in the order in which they came. */
  requests: string[]
  /** Of answers' bodies. */
  bytes: number
}

/** Opens it to the registry at `target`. All transfers together get `bytesPerSecond`. */
export async function watchLine(target: string, { bytesPerSecond = Infinity } = {}): Promise<WatchedLine> {
  let freeAt = 0
  const server = createServer((incoming, outgoing) => {
    line.requests.push(`${incoming.method} ${incoming.url}`)
    const { method, url: path, headers } = incoming
    const onward = request(`http://${target}`, { method, path, headers: { ...headers, host: target } })
    onward.on('response', (answer) => {
      outgoing.writeHead(answer.statusCode!, answer.headers)
      passOn(answer, outgoing).catch(() => outgoing.destroy())
    })
    onward.on('error', () => outgoing.destroy())
    incoming.pipe(onward)
  })
  const passOn = async (answer: IncomingMessage, outgoing: NodeJS.WritableStream) => {
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      line.bytes += chunk.length
      freeAt = Math.max(freeAt, performance.now() - LATE_MS) + (1000 * chunk.length) / bytesPerSecond
      const wait = freeAt - performance.now()
      if (wait > 5) await sleep(wait)
      if (!outgoing.write(chunk)) await new Promise((resolve) => outgoing.once('drain', resolve))
    }
    outgoing.end()
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const line: WatchedLine = {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: [],
    bytes: 0,
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
  return line
}
