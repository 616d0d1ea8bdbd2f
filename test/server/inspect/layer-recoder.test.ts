import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { decompress } from '../../../boot-assets/agent/stream/decompress.ts'
import { StreamError } from '../../../boot-assets/agent/stream/errors.ts'
import { recodeLayer } from '../../../server/inspect/layer-recoder.ts'
import type { RecodeJob } from '../../../server/inspect/layer-recoder.ts'
import { digestOf } from '../../../server/oci/verify.ts'

let folder: string
let target: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'landfall-recoder-'))
  target = join(folder, 'layer')
})
afterEach(() => rm(folder, { recursive: true }))

async function* chunksOf(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += 50_000) yield bytes.subarray(at, at + 50_000)
}

function recode(tar: Buffer, job: Partial<RecodeJob> = {}, blob = gzipSync(tar, { level: 1 })) {
  return recodeLayer(chunksOf(blob), {
    digest: digestOf(blob),
    size: blob.length,
    diffId: digestOf(tar),
    target,
    ...job,
  })
}

const lines = Buffer.from(Array.from({ length: 200_000 }, (_, at) => `line ${at * 7919} of a file\n`).join(''))

it('makes zstd that is the same tar, in frames, and tells its digest and size', async () => {
  const made = (await recode(lines))!
  const bytes = readFileSync(target)
  expect(made).toEqual({ digest: digestOf(bytes), size: bytes.length })
  const back = Buffer.concat(await Array.fromAsync(decompress(chunksOf(bytes), 'zstd'), (chunk) => Buffer.from(chunk)))
  expect(back.equals(lines)).toBe(true)
})

it('makes none where zstd would be larger', async () => {
  // Each frame has to bring the block anew, which gzip has in its window all the time.
  const block = randomBytes(20_000)
  expect(await recode(Buffer.concat(Array.from({ length: 50 }, () => block)))).toBeNull()
  expect(existsSync(target)).toBe(false)
  expect(await recode(Buffer.alloc(0))).toBeNull()
})

it.each([
  ['unpacks to something else', { diffId: digestOf(Buffer.from('other')) }, 'DIFFID_MISMATCH'],
  ['is not what its digest says', { digest: digestOf(Buffer.from('other')) }, 'DIGEST_MISMATCH'],
  ['is longer than it should be', { size: 10 }, 'SIZE_MISMATCH'],
] as const)('leaves no file of a layer that %s', async (_, job, code) => {
  await expect(recode(lines, job)).rejects.toThrowWithCode(StreamError, code)
  expect(existsSync(target)).toBe(false)
})
