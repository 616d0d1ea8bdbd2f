// HTTP: whole connections of garbage at the port of the boot files.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pattern } from '../interop/tftp-pattern.ts'
import type { FuzzTarget } from './campaign.ts'
import { startProgram } from './child.ts'

const CONTENT = pattern(300_000)
const PATH = '/boot/installer/vmlinuz'
/** Garbage that may be the beginning of something is ended by us. */
const PATIENCE_MS = 100

export const http: FuzzTarget = {
  name: 'http',
  batch: 20,
  examples: [
    `GET ${PATH} HTTP/1.1\r\nHost: 192.0.2.1:8080\r\nRange: bytes=10-19\r\nIf-Match: "x"\r\nConnection: close\r\n\r\n`,
    `HEAD ${PATH} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
    'GET /boot/ipxe?mac=52-54-00-12-34-56&uuid=%34&serial=a%20b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
    'GET /i/lfi_x/ks HTTP/1.1\r\nHost: x\r\nX-RHN-Provisioning-MAC-0: eno1 52:54:00:12:34:56\r\nConnection: close\r\n\r\n',
    'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
    'GET /media/../x HTTP/1.0\r\nUpgrade: h2c\r\nContent-Length: 5\r\n\r\nhello',
  ].map((text) => Buffer.from(text, 'latin1')),

  async start() {
    const folder = await mkdtemp(join(tmpdir(), 'landfall-fuzz-'))
    const file = join(folder, 'vmlinuz')
    await writeFile(file, CONTENT)
    const program = await startProgram('http-serve.ts', { file }, /"port"/)
    const { port } = JSON.parse(program.line) as { port: number }
    return {
      pid: program.pid,
      async fire(input) {
        const answer = await exchange(port, input)
        return answer === '' || /^HTTP\/1\.1 [1-4]\d\d /.test(answer)
          ? undefined
          : `${JSON.stringify(answer.slice(0, 80))} for ${input.toString('hex')}`
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

/** What the server says before one of the two closes; the beginning of it. */
function exchange(port: number, input: Buffer): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    let answer = ''
    socket.setTimeout(PATIENCE_MS, () => socket.destroy())
    socket.on('data', (chunk: Buffer) => {
      if (answer.length < 100) answer += chunk.toString('latin1')
    })
    socket.on('error', () => {})
    socket.on('close', () => resolve(answer))
    socket.end(input)
  })
}
