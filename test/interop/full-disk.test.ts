// A server whose disk is full: it says so, loses nothing, and goes on when there is room again.

import { execFileSync } from 'node:child_process'
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { directory, file } from '../images/tar.ts'
import { writeTinyImage } from '../images/tiny-image.ts'
import { serve, type Served } from './serve.ts'

const MIB = 1024 * 1024
const KNOWN = '52:54:00:00:00:01'
const STRANGER = '52:54:00:00:00:02'

const blocked = process.getuid?.() === 0 ? undefined : 'mounting a small file system needs root'

describe.skipIf(blocked !== undefined)(`a full disk${blocked === undefined ? '' : ` (skipped: ${blocked})`}`, () => {
  let folder: string
  let disk: string
  let server: Served
  let machinesBefore: string[]

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'landfall-full-'))
    disk = join(folder, 'disk')
    execFileSync('mkdir', [disk])
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', disk])
    server = await serve(join(disk, 'data'))
    await server.script(KNOWN)
    const tiny = join(folder, 'tiny')
    await writeTinyImage(tiny, { labels: { 'containers.bootc': '1' } })
    expect((await server.cli('image', 'import', tiny, '--as', 'os/tiny')).code).toBe(0)
    machinesBefore = await machines()
  }, 60_000)

  afterAll(async () => {
    await server?.[Symbol.asyncDispose]()
    if (disk) execFileSync('umount', ['--lazy', disk])
    await rm(folder, { recursive: true, force: true })
  })

  it('an image that does not fit is refused with NO_SPACE, and nothing of it stays', async () => {
    const large = join(folder, 'large')
    const entries = [directory('etc'), file('etc/large', 'x'.repeat(40 * MIB))]
    await writeTinyImage(large, { labels: { 'containers.bootc': '1' }, layers: [{ compression: 'none', entries }] })
    const end = await server.cli('image', 'import', large, '--as', 'os/large')
    expect(end.code).toBe(1)
    expect(end.stderr).toMatch(/^landfall: .*\(NO_SPACE\)/m)
    expect((await server.cli('image', 'list')).stdout).not.toContain('os/large')
    expect(freeBytes()).toBeGreaterThan(2 * MIB)
  })

  it('strangers are told to ask again, the API answers 507, what is known still works', async () => {
    await fill(join(disk, 'ballast'))
    const script = await untilFull()
    expect(script).toMatch(/^#!ipxe\n/)
    expect(script).toContain('attempt=')
    expect(script).not.toContain('landfall.token=')
    const refused = await server.send('POST', '/api/v1/machines', { macs: ['52:54:00:00:00:03'] })
    expect(await refused.json()).toMatchObject({ status: 507, code: 'STORE_FULL', hint: expect.any(String) })
    expect(await machines()).toEqual(machinesBefore)
    expect((await server.cli('image', 'list')).stdout).toContain('os/tiny:1')
    expect(server.running).toBe(true)
  })

  it('room again is enough: no restart, nothing lost', async () => {
    await rm(join(disk, 'ballast'))
    expect(await server.script(STRANGER)).toContain('landfall.token=')
    expect((await server.send('POST', '/api/v1/machines', { macs: ['52:54:00:00:00:03'] })).status).toBe(201)
    expect(await machines()).toEqual(expect.arrayContaining(machinesBefore))
    await server.end('SIGKILL')
    await using again = await serve(server.dataDir, { ports: server.ports })
    expect((await again.cli('image', 'list')).stdout).toContain('os/tiny:1')
    expect((await again.cli('machine', 'list')).stdout).toContain('52:54:00:00:00:03')
  })

  async function machines(): Promise<string[]> {
    const { items } = (await (await server.api('GET', '/api/v1/machines')).json()) as { items: { id: string }[] }
    return items.map(({ id }) => id)
  }

  /** The database has some room of its own at first: strangers come until it is used up. Resolves with the first script that tells of trouble. */
  async function untilFull(): Promise<string> {
    for (let n = 0; n < 2000; n++) {
      const mac = `52:54:01:00:${(n >> 8).toString(16).padStart(2, '0')}:${(n & 255).toString(16).padStart(2, '0')}`
      const script = await server.script(mac)
      if (!script.includes('landfall.token=')) {
        machinesBefore = await machines()
        return script
      }
    }
    throw new Error('the disk never became full')
  }

  function freeBytes(): number {
    const [, line = ''] = execFileSync('df', ['--block-size=1', '--output=avail', disk], { encoding: 'utf8' }).split(
      '\n',
    )
    return Number(line)
  }
})

/** Writes until nothing more fits. */
async function fill(path: string): Promise<void> {
  await writeFile(path, '')
  const handle = await open(path, 'a')
  try {
    for (const size of [MIB, 4096]) {
      const chunk = Buffer.alloc(size)
      try {
        for (;;) if ((await handle.write(chunk)).bytesWritten < size) break
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
      }
    }
  } finally {
    await handle.close()
  }
}
