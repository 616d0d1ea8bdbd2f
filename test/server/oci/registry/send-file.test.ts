import { randomBytes } from 'node:crypto'
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { once } from 'node:events'
import { Agent, createServer, get, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Writable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { sendFile } from '../../../../server/oci/registry/send-file.ts'

const BYTES = randomBytes(700_000)

let folder: string
let file: FileHandle

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'landfall-send-'))
  await writeFile(join(folder, 'file'), BYTES)
  file = await open(join(folder, 'file'))
})
afterEach(async () => {
  await file.close()
  await rm(folder, { recursive: true })
})

describe('sendFile', () => {
  it.each([
    [0, 699_999],
    [0, 0],
    [262_143, 262_144],
    [699_000, 699_999],
  ])('sends bytes %d to %d', async (start, end) => {
    expect((await sent(start, end)).equals(BYTES.subarray(start, end + 1))).toBe(true)
  })

  it('does not write into a block that is still on its way', async () => {
    expect((await sent(0, BYTES.length - 1, 5)).equals(BYTES)).toBe(true)
  })

  it('cuts the connection when the file is shorter than promised', async () => {
    const out = new PassThrough()
    out.resume()
    await expect(sendFile(file, 0, 800_000, out)).rejects.toThrow('ends at 700000')
    expect(out.destroyed).toBe(true)
  })

  it('ends when the reader goes away', async () => {
    const out = new PassThrough({ highWaterMark: 1 })
    setTimeout(() => out.destroy(), 20)
    await expect(sendFile(file, 0, BYTES.length - 1, out)).resolves.toBeUndefined()
  })
})

describe('sendFile over HTTP', () => {
  it('sends one file after the other on a connection, also to a reader that takes its time', async () => {
    const bytes = randomBytes(12_000_000)
    await writeFile(join(folder, 'large'), bytes)
    const large = await open(join(folder, 'large'))
    let connections = 0
    const server = createServer((request, response) => {
      const start = Number(request.url!.slice(1))
      response.writeHead(200, { 'Content-Length': bytes.length - start }).flushHeaders()
      void sendFile(large, start, bytes.length - 1, response)
    })
    server.on('connection', () => connections++).listen(0, '127.0.0.1')
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    try {
      await once(server, 'listening')
      const { port } = server.address() as AddressInfo
      const all = [0, 11_999_999, 5, 3_000_001].map(async (start) => {
        const request = get({ port, path: `/${start}`, agent })
        const [response] = (await once(request, 'response')) as [IncomingMessage]
        const seen: Buffer[] = []
        for await (const chunk of response) {
          seen.push(chunk as Buffer)
          if (seen.length % 50 === 0) await new Promise((resolve) => setTimeout(resolve, 2))
        }
        return Buffer.concat(seen).equals(bytes.subarray(start))
      })
      expect(await Promise.all(all)).toEqual([true, true, true, true])
      expect(connections).toBe(1)
    } finally {
      agent.destroy()
      server.close()
      await large.close()
    }
  })
})

/** What arrives at a reader that takes so long for each chunk. */
async function sent(start: number, end: number, delayMs = 0): Promise<Buffer> {
  const seen: Buffer[] = []
  const out = new Writable({
    highWaterMark: 1,
    write(chunk: Buffer, _, done) {
      setTimeout(() => {
        seen.push(Buffer.from(chunk))
        done()
      }, delayMs)
    },
  })
  await sendFile(file, start, end, out)
  return Buffer.concat(seen)
}
