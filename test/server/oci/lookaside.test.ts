import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { MAX_SIGNATURE_BYTES, MAX_SIGNATURES } from '../../../server/contract/trust.ts'
import { OciError } from '../../../server/oci/errors.ts'
import { Lookaside } from '../../../server/oci/lookaside.ts'

const HEX = 'a'.repeat(64)
const DIGEST = `sha256:${HEX}`
const PATH = `/sigs/os/web@sha256=${HEX}/signature-`

type Answer = { status?: number; body?: string | Buffer; location?: string } | undefined

/** A web server that answers by path; what is not there is 404. */
async function lookaside(answer: (path: string) => Answer): Promise<Lookaside> {
  const server = createServer((request, response) => {
    const { status = 200, body = '', location } = answer(request.url!) ?? { status: 404 }
    response.writeHead(status, location === undefined ? {} : { location }).end(body)
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const there = new Lookaside(`http://127.0.0.1:${(server.address() as AddressInfo).port}/sigs/`)
  onTestFinished(async () => {
    await there.close()
    server.close()
  })
  return there
}

const read = async (answer: (path: string) => Answer) =>
  (await (await lookaside(answer)).signatures('os/web', DIGEST)).map(String)

describe('a lookaside', () => {
  it('has signatures by number, up to the first that is missing', async () => {
    const files: Record<string, string> = { [`${PATH}1`]: 'one', [`${PATH}2`]: 'two', [`${PATH}4`]: 'never read' }
    expect(await read((path) => (path in files ? { body: files[path]! } : undefined))).toEqual(['one', 'two'])
  })

  it('may refuse what it does not have, as S3 does with those who may not list it', async () => {
    expect(await read((path) => (path === `${PATH}1` ? { body: 'one' } : { status: 403 }))).toEqual(['one'])
  })

  it('may send on to another place', async () => {
    const moved = (path: string) =>
      path === '/elsewhere'
        ? { body: 'one' }
        : path === `${PATH}1`
          ? { status: 302, location: '/elsewhere' }
          : undefined
    expect(await read(moved)).toEqual(['one'])
  })

  it('may have as many as are read', async () => {
    expect(await read(() => ({ body: 'again' }))).toHaveLength(MAX_SIGNATURES)
  })

  it.each<[string, string, boolean, Answer]>([
    ['refuses', 'REGISTRY_ERROR', false, { status: 401 }],
    ['fails', 'REGISTRY_ERROR', true, { status: 503 }],
    ['sends too much', 'SIZE_MISMATCH', false, { body: Buffer.alloc(MAX_SIGNATURE_BYTES + 1) }],
  ])('that %s is an error', async (_, code, temporary, answer) => {
    const reading = read(() => answer)
    await expect(reading).rejects.toThrowWithCode(OciError, code)
    await expect(reading).rejects.toMatchObject({ temporary })
  })

  it('that is away says what to look at', async () => {
    const away = new Lookaside('http://127.0.0.1:1')
    await expect(away.signatures('os/web', DIGEST)).rejects.toMatchObject({
      code: 'REGISTRY_UNREACHABLE',
      hint: expect.stringContaining('lookaside'),
    })
  })
})
