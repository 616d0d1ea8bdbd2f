import { once } from 'node:events'
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { createServer, type RequestListener } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { TLSSocket } from 'node:tls'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { beginWriteOut, passOn } from '../../../server/host/system-calls.ts'

const TEXT = 'what no one has copied'

let stack: AsyncDisposableStack
let file: FileHandle

beforeEach(async () => {
  stack = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'landfall-pass-on-'))
  stack.defer(() => rm(folder, { recursive: true }))
  await writeFile(join(folder, 'file'), TEXT)
  file = await open(join(folder, 'file'))
  stack.defer(() => file.close())
})
afterEach(() => stack.disposeAsync())

describe('passOn', () => {
  it('moves part of a file to the connection of a response, after the header', async () => {
    const moved: number[] = []
    const client = await serve((_, response) => {
      response.writeHead(200, { 'Content-Length': 4 }).flushHeaders()
      moved.push(passOn(file.fd, 5, 4, response))
      response.end()
    })
    client.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
    const answer = (await client.toArray()).join('')
    expect(moved).toEqual([4])
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
    expect(answer.slice(answer.indexOf('\r\n\r\n') + 4)).toBe(TEXT.slice(5, 9))
  })

  it('moves nothing past what Node still has to write', async () => {
    const moved: number[] = []
    const client = await serve((_, response) => {
      response.writeHead(200)
      response.socket!.cork()
      response.socket!.write('first')
      moved.push(passOn(file.fd, 0, 4, response))
      response.destroy()
    })
    client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    await client.toArray()
    expect(moved).toEqual([0])
  })

  it('moves no more than the file has, and nothing of one that is closed', async () => {
    const moved: number[] = []
    const closed = await open('/dev/null')
    const { fd } = closed
    await closed.close()
    const client = await serve((_, response) => {
      response.writeHead(200).flushHeaders()
      moved.push(passOn(file.fd, 0, 1000, response), passOn(file.fd, 1000, 1000, response), passOn(fd, 0, 10, response))
      response.destroy()
    })
    client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    await client.toArray()
    expect(moved).toEqual([TEXT.length, 0, 0])
  })

  it('moves nothing to a connection that is encrypted, gone, or none', async () => {
    const moved: number[] = []
    const client = await serve((_, response) => {
      const encrypted = Object.assign(new PassThrough(), { socket: new TLSSocket(response.socket!) })
      moved.push(passOn(file.fd, 0, 4, encrypted))
      const { socket } = response
      socket!.destroy()
      moved.push(passOn(file.fd, 0, 4, Object.assign(new PassThrough(), { socket })))
    })
    client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    await client.toArray()
    expect(moved).toEqual([0, 0])
    expect(passOn(file.fd, 0, 4, new PassThrough())).toBe(0)
  })
})

describe('beginWriteOut', () => {
  it('begins with what a file has, and says so when it cannot', async () => {
    expect(await beginWriteOut(file.fd, 0, TEXT.length)).toBe(true)
    const socket = await serve(() => {})
    const { fd } = (socket as Socket & { _handle: { fd: number } })._handle
    expect(await beginWriteOut(fd, 0, TEXT.length)).toBe(false)
    expect(await beginWriteOut(-1, 0, TEXT.length)).toBe(false)
  })
})

async function serve(answer: RequestListener): Promise<Socket> {
  const server = createServer(answer).listen(0, '127.0.0.1')
  stack.defer(() => new Promise<void>((resolve) => void server.close(() => resolve())))
  await once(server, 'listening')
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1')
  stack.defer(() => void client.destroy())
  return client
}
