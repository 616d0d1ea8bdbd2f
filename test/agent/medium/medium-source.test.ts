// What a machine does that was started from a medium, on a folder that stands for it.
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { textConsole } from '../../../boot-assets/agent/console.ts'
import { AgentError } from '../../../boot-assets/agent/errors.ts'
import type { InstallOrder } from '../../../boot-assets/agent/link/task-source.ts'
import { besidesMedium, mediumImages } from '../../../boot-assets/agent/medium/images.ts'
import { openMedium } from '../../../boot-assets/agent/medium/medium-source.ts'
import { mountMedium } from '../../../boot-assets/agent/medium/mount.ts'
import { BlobFetcher } from '../../../boot-assets/agent/stream/blob-source.ts'
import { StreamError } from '../../../boot-assets/agent/stream/errors.ts'
import { realHost } from '../../../boot-assets/agent/sys/host.ts'
import type { Host } from '../../../boot-assets/agent/sys/host.ts'
import { MEDIUM_FILE, MEDIUM_IMAGES } from '../../../server/contract/medium.ts'
import { facts, plan } from '../examples.ts'

const LABEL = 'LANDFALL_0123'
const DIGEST = `sha256:${'a'.repeat(64)}`
const IMAGE = { repository: 'os/web', digest: DIGEST, targetReference: 'r.example/os/web:1' }
const INSTALL = '01890000-0000-7000-8000-000000000003'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'medium-'))
})
afterEach(() => rm(folder, { recursive: true }))

async function put(name: string, content: string | Buffer): Promise<void> {
  await mkdir(dirname(join(folder, name)), { recursive: true })
  await writeFile(join(folder, name), content)
}

/** A host on which the medium is mounted already. */
function mountedHost(change: Partial<Host> = {}): Host {
  return { ...realHost, read: async () => `/dev/sr0 ${folder} iso9660 ro 0 0`, ...change }
}

async function open({ answers = [], confirm = false }: { answers?: string[]; confirm?: boolean } = {}) {
  const asked: string[] = []
  let text = ''
  const source = await openMedium({
    host: mountedHost(),
    console: textConsole({ write: (chunk: string) => (text += chunk) }),
    prompt: {
      ask: async (question) => {
        asked.push(question)
        return answers.shift() ?? ''
      },
    },
    arguments: { label: LABEL, confirm },
    bootMac: undefined,
    identify: async () => facts,
    mountPoint: folder,
  })
  return { source, asked, text: () => text }
}

const entry = { name: 'web-01', spec: {}, image: IMAGE }
const medium = (...entries: object[]) => put(MEDIUM_FILE, JSON.stringify({ version: 1, entries }))

describe('a medium for this machine', () => {
  it('gives the order to install, and reports to nobody', async () => {
    await medium({ ...entry, machines: { serials: ['R1-0001'] } })
    const { source, text } = await open()
    const order = (await source.next()) as InstallOrder
    expect(order).toMatchObject({ type: 'install', task: { image: IMAGE, nextEvent: 1 }, medium: LABEL })
    expect(order.confirmation).toBeUndefined()
    expect(await order.link.sendPlan(order.task.installId, plan())).toEqual({ go: true })
    expect(text()).toContain('web-01')
  })

  it('lets the deployed system report where the medium says', async () => {
    const report = { url: 'https://192.0.2.1:8443', ca: 'PEM', installId: INSTALL, token: 't' }
    await medium({ ...entry, report })
    const order = (await (await open()).source.next()) as InstallOrder
    expect(order.confirmation).toEqual(report)
    expect(order.task.installId).toBe(INSTALL)
  })

  it('acknowledges events, so that an install ends', async () => {
    await medium(entry)
    const order = (await (await open()).source.next()) as InstallOrder
    const event = { type: 'log', level: 'info', text: 'x' } as const
    const events = [1, 2].map((seq) => ({ seq, at: '2026-01-31T12:00:00.000Z', event }))
    expect(await order.link.sendEvents(INSTALL, { events })).toEqual({ acknowledged: 2, cancelled: false })
  })

  it('asks before it does the same again after a failure', async () => {
    await medium(entry)
    const { source, asked } = await open()
    await source.next()
    expect(asked).toEqual([])
    source.failed()
    await source.next()
    await source.next()
    expect(asked).toHaveLength(1)
  })

  it.each([
    ['yes', true],
    ['YES', true],
    ['y', false],
    ['', false],
  ])('with --confirm, names the disk and takes %j for %s', async (answer, go) => {
    await medium(entry)
    const { source, asked } = await open({ confirm: true, answers: [answer] })
    const { link } = (await source.next()) as InstallOrder
    expect(await link.sendPlan(INSTALL, plan())).toMatchObject({ go })
    expect(asked).toEqual([expect.stringMatching(/vda \(serial S1\).*Type yes/)])
  })
})

describe('a medium for other machines', () => {
  it('shows who this one is, and leaves it alone until somebody restarts it', async () => {
    await medium({ ...entry, machines: { macs: ['52:54:00:00:00:01'] } })
    const { source, text, asked } = await open()
    expect(await source.next()).toEqual({ type: 'reboot' })
    expect(text()).toMatch(/not for this one. No disk was touched/)
    expect(text()).toMatch(/52:54:00:12:34:56/)
    expect(text()).toMatch(/R1-0001/)
    expect(asked).toHaveLength(1)
  })

  it.each([
    ['absent', undefined],
    ['no JSON', '{'],
    ['of a later version', '{"version":2,"entries":[]}'],
    ['with keys nobody knows', JSON.stringify({ version: 1, entries: [{ ...entry, wipe: 'all' }] })],
  ])('says so when its description is %s', async (_, text) => {
    if (text !== undefined) await put(MEDIUM_FILE, text)
    await expect(open()).rejects.toThrowWithCode(AgentError, 'MEDIUM_UNREADABLE')
  })
})

describe('mountMedium', () => {
  const quiet = textConsole({ write: () => {} })
  const ran: string[] = []
  const host = (device: string | undefined, fails = false): Host => ({
    ...realHost,
    read: async () => '',
    resolve: async (path) => (path === `/dev/disk/by-label/${LABEL}` ? device : undefined),
    run: async (command, args = []) => {
      ran.push([command, ...args].join(' '))
      if (fails && command === 'mount') throw new Error('bad superblock')
      return { stdout: '', stderr: '', exitCode: 0 }
    },
  })
  beforeEach(() => void (ran.length = 0))

  it('mounts read-only, by label', async () => {
    await mountMedium(host('/dev/sda1'), quiet, LABEL, '/m')
    expect(ran).toEqual(['mkdir -p /m', 'mount -t iso9660 -o ro,nosuid,nodev,noexec /dev/sda1 /m'])
  })

  it('waits for it, but not for ever', async () => {
    const waiting = mountMedium(host(undefined), quiet, LABEL, '/m', { patience: 5, poll: 1 })
    await expect(waiting).rejects.toThrowWithCode(AgentError, 'MEDIUM_UNREADABLE')
  })

  it('says which device cannot be mounted', async () => {
    const mounting = mountMedium(host('/dev/sr0', true), quiet, LABEL, '/m')
    await expect(mounting).rejects.toThrow(/mounting \/dev\/sr0: bad superblock/)
  })
})

describe('images on the medium', () => {
  const bytes = Buffer.from('a layer')
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`
  const file = `${MEDIUM_IMAGES}/blobs/sha256/${digest.slice(7)}`

  it('are read from its layout', async () => {
    await put(file, bytes)
    const images = mediumImages(folder)
    expect(await images.bytes('blobs', 'os/web', digest)).toEqual(bytes)
    const chunks = new BlobFetcher().fetch(images.locate('os/web', digest), bytes.length)
    expect(Buffer.concat(await Array.fromAsync(chunks, (chunk) => Buffer.from(chunk)))).toEqual(bytes)
  })

  it('that are damaged fail at once, without trying for minutes', async () => {
    await put(file, bytes.subarray(1))
    const images = mediumImages(folder)
    for (const wanted of [digest, DIGEST]) {
      const reading = Array.fromAsync(new BlobFetcher().fetch(images.locate('os/web', wanted), bytes.length))
      await expect(reading).rejects.toThrowWithCode(StreamError, 'READ_FAILED')
    }
    await expect(images.bytes('manifests', 'os/web', DIGEST)).rejects.toThrowWithCode(AgentError, 'MEDIUM_UNREADABLE')
  })

  it('come from elsewhere when it has them not', async () => {
    await put(file, bytes)
    const elsewhere = {
      bytes: async () => Buffer.from('far'),
      size: async () => 3,
      locate: () => ({ urls: ['https://far.example/'] }),
    }
    const images = besidesMedium(folder, elsewhere)
    expect(images.locate('os/web', digest).urls[0]).toMatch(/^file:/)
    expect(images.locate('os/web', DIGEST).urls).toEqual(['https://far.example/'])
    expect(await images.bytes('blobs', 'os/web', DIGEST)).toEqual(Buffer.from('far'))
    expect(await images.size('os/web', digest)).toBe(bytes.length)
    expect(await images.size('os/web', DIGEST)).toBe(3)
  })
})
