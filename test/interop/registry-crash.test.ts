// Killed at random moments while images are pushed: what was acknowledged is there, and nothing is there by half.

import { createHash, randomBytes, randomInt } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { serve, type Served } from './serve.ts'

const KILLS = Number(process.env['LANDFALL_CRASHES'] ?? 50)
const PUSHERS = 4
/** Answers of one life: it ends somewhere after so many, be the host fast or slow. */
const ANSWERS = { min: 1, max: 40 }
const AFTER_MS = 100

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json'
const LAYER = 'application/vnd.oci.image.layer.v1.tar'

/** What pushers were told, and what they tried. */
interface Book {
  blobs: Set<string>
  manifests: Map<string, string>
  triedBlobs: Set<string>
  triedManifests: Map<string, string>
  answers: number
}

describe('the registry, killed while images are pushed', () => {
  it(
    `loses nothing it acknowledged and serves nothing by half (${KILLS} times)`,
    async () => {
      const folder = await mkdtemp(join(tmpdir(), 'landfall-crash-'))
      const book: Book = {
        blobs: new Set(),
        manifests: new Map(),
        triedBlobs: new Set(),
        triedManifests: new Map(),
        answers: 0,
      }
      let server = await serve(join(folder, 'data'))
      try {
        for (let kill = 0; kill < KILLS; kill++) {
          const killed = new AbortController()
          const pushers = Array.from({ length: PUSHERS }, (_, index) =>
            pushUntil(killed.signal, server, `${kill}-${index}`, book),
          )
          const pushing = Promise.all(pushers)
          await Promise.race([pushing, someAnswers(book)])
          killed.abort()
          await server.end('SIGKILL')
          await pushing
          const { ports } = server
          await server[Symbol.asyncDispose]()
          server = await serve(join(folder, 'data'), { ports })
          await check(server, book)
          book.triedBlobs.clear()
          book.triedManifests.clear()
        }
        for (const digest of book.blobs) expect(await blob(server, digest)).toBe(digest)
        expect(book.blobs.size).toBeGreaterThan(KILLS)
        expect(book.manifests.size).toBeGreaterThan(0)
        const fsck = await server.cli('image', 'fsck', '--output', 'json')
        expect(fsck.code, fsck.stdout + fsck.stderr).toBe(0)
      } finally {
        await server[Symbol.asyncDispose]()
        await rm(folder, { recursive: true, force: true })
      }
    },
    Math.max(10, KILLS) * 60_000,
  )
})

/** Resolves at a random moment, once a random number of requests was answered. */
async function someAnswers(book: Book): Promise<void> {
  const enough = book.answers + randomInt(ANSWERS.min, ANSWERS.max)
  while (book.answers < enough) await sleep(2)
  await sleep(randomInt(0, AFTER_MS))
}

/** Pushes images of random layers, in pieces and at once, until the server is killed. */
async function pushUntil(killed: AbortSignal, server: Served, name: string, book: Book): Promise<void> {
  try {
    for (let image = 0; ; image++) await pushImage(server, `${name}-${image}`, book)
  } catch (error) {
    if (!killed.aborted) throw error
  }
}

async function pushImage(server: Served, tag: string, book: Book): Promise<void> {
  const config = await pushBlob(server, Buffer.from(JSON.stringify({ tag, architecture: 'amd64', os: 'linux' })), book)
  const layers = []
  for (let layer = 0; layer < 2; layer++) {
    layers.push(await pushBlob(server, randomBytes(randomInt(1, 2_000_000)), book))
  }
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: MANIFEST,
    config: { ...config, mediaType: 'application/vnd.oci.image.config.v1+json' },
    layers: layers.map((layer) => ({ ...layer, mediaType: LAYER })),
  })
  const digest = digestOf(Buffer.from(manifest))
  book.triedManifests.set(tag, digest)
  await expectStatus(
    server.api('PUT', `/v2/crash/test/manifests/${tag}`, { body: manifest, headers: { 'content-type': MANIFEST } }),
    201,
    book,
  )
  book.manifests.set(tag, digest)
}

async function pushBlob(server: Served, bytes: Buffer, book: Book): Promise<{ digest: string; size: number }> {
  const digest = digestOf(bytes)
  book.triedBlobs.add(digest)
  const begun = await expectStatus(server.api('POST', '/v2/crash/test/blobs/uploads/'), 202, book)
  const location = begun.headers.get('location')!
  const half = randomInt(0, bytes.length)
  if (half > 0) await expectStatus(server.api('PATCH', location, { body: bytes.subarray(0, half) }), 202, book)
  await expectStatus(server.api('PUT', `${location}?digest=${digest}`, { body: bytes.subarray(half) }), 201, book)
  book.blobs.add(digest)
  return { digest, size: bytes.length }
}

/** Every acknowledged manifest, and whatever was under way when the server was killed. */
async function check(server: Served, book: Book): Promise<void> {
  for (const [tag, digest] of book.manifests) expect([tag, await manifest(server, tag)]).toEqual([tag, digest])
  for (const digest of book.triedBlobs) {
    const found = await blob(server, digest)
    if (book.blobs.has(digest) || found !== undefined) expect(found).toBe(digest)
  }
  for (const [tag, digest] of book.triedManifests) {
    const found = await manifest(server, tag)
    if (found !== undefined) expect(found).toBe(digest)
  }
}

/** The digest of the bytes that are served; undefined when there is none. */
async function blob(server: Served, digest: string): Promise<string | undefined> {
  return served(server, `/v2/crash/test/blobs/${digest}`)
}

async function manifest(server: Served, tag: string): Promise<string | undefined> {
  return served(server, `/v2/crash/test/manifests/${tag}`)
}

async function served(server: Served, path: string): Promise<string | undefined> {
  const response = await server.api('GET', path)
  const bytes = Buffer.from(await response.arrayBuffer())
  if (response.status === 404) return undefined
  expect(response.status).toBe(200)
  return digestOf(bytes)
}

async function expectStatus(answer: ReturnType<Served['api']>, status: number, book: Book): ReturnType<Served['api']> {
  const response = await answer
  const text = await response.text()
  if (response.status !== status) throw new Error(`${response.status} instead of ${status}: ${text}`)
  book.answers++
  return response
}

function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}
