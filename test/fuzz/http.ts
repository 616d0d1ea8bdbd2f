// HTTP: whole connections of garbage at the port of the boot files.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pattern } from '../interop/tftp-pattern.ts'
import type { FuzzTarget } from './campaign.ts'
import { startProgram } from './child.ts'
import { hostile } from './mutate.ts'

const CONTENT = pattern(300_000)
const PATH = '/boot/installer/vmlinuz'
/** Several, as connections are counted by client. */
const CLIENTS = ['127.0.0.2', '127.0.0.3', '127.0.0.4', '127.0.0.5', '127.0.0.6', '127.0.0.7', '127.0.0.8', '127.0.0.9']
/** Garbage that may be the beginning of something is ended by us. */
const PATIENCE_MS = 100

/** What honest clients send: the beginnings of mutations. */
const EXAMPLES = [
  `GET ${PATH} HTTP/1.1\r\nHost: 192.0.2.1:8080\r\nRange: bytes=10-19\r\nIf-Match: "x"\r\nConnection: close\r\n\r\n`,
  `HEAD ${PATH} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
  'GET /boot/ipxe?mac=52-54-00-12-34-56&uuid=%34&serial=a%20b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
  'GET /i/lfi_x/ks HTTP/1.1\r\nHost: x\r\nX-RHN-Provisioning-MAC-0: eno1 52:54:00:12:34:56\r\nConnection: close\r\n\r\n',
  'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
  'GET /media/../x HTTP/1.0\r\nUpgrade: h2c\r\nContent-Length: 5\r\n\r\nhello',
].map((text) => Buffer.from(text, 'latin1'))

export const http: FuzzTarget = {
  name: 'http',
  batch: 200,
  hostile: (random) => hostile(random, EXAMPLES),

  async start() {
    const folder = await mkdtemp(join(tmpdir(), 'landfall-fuzz-'))
    const file = join(folder, 'vmlinuz')
    await writeFile(file, CONTENT)
    const program = await startProgram('http-serve.ts', { file }, /"port"/)
    const { port } = JSON.parse(program.line) as { port: number }
    let fired = 0
    return {
      pid: program.pid,
      async fire(inputs) {
        const problems = await Promise.all(
          inputs.map(async (input) => {
            const answer = await exchange(port, CLIENTS[fired++ % CLIENTS.length]!, input)
            if (answer === undefined) return [`no connection for ${input.toString('hex')}`]
            const good = answer === '' || /^HTTP\/1\.1 [1-4]\d\d /.test(answer)
            return good ? [] : [`${JSON.stringify(answer.slice(0, 80))} for ${input.toString('hex')}`]
          }),
        )
        return problems.flat()
      },
      async work() {
        const response = await fetch(`http://127.0.0.1:${port}${PATH}`)
        const content = Buffer.from(await response.arrayBuffer())
        if (Buffer.compare(content, CONTENT) !== 0) throw new Error('an honest client got something else')
      },
      async [Symbol.asyncDispose]() {
        await program.end()
        await rm(folder, { recursive: true })
      },
    }
  },
}

/** What the server says before one of the two closes; the beginning of it. Undefined if it takes no connection. */
function exchange(port: number, localAddress: string, input: Buffer): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', localAddress })
    let answer: string | undefined
    socket.on('connect', () => {
      answer = ''
      socket.setTimeout(PATIENCE_MS, () => socket.destroy())
    })
    socket.on('data', (chunk: Buffer) => {
      if (answer !== undefined && answer.length < 100) answer += chunk.toString('latin1')
    })
    socket.on('error', () => {})
    socket.on('close', () => resolve(answer))
    socket.end(input)
  })
}
