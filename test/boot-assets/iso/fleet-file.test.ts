import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { IsoError } from '../../../boot-assets/iso/error.ts'
import { readFleetFile, readSpecFile } from '../../../boot-assets/iso/fleet-file.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fleet-'))
})
afterEach(() => rm(folder, { recursive: true }))

async function file(name: string, text: string): Promise<string> {
  await writeFile(join(folder, name), text)
  return join(folder, name)
}

describe('readFleetFile', () => {
  it('fills in what is said for all, key by key', async () => {
    const path = await file(
      'fleet.toml',
      `image = "registry.example/os/web:1"
spec = { consoles = ["tty0"], hostname = "unnamed" }
[[machines]]
name = "web-01"
macs = ["52-54-00-00-00-01"]
spec = { hostname = "web-01" }
[[machines]]
name = "db-01"
serials = [" R2 "]
image = "os/db:2"
follow = "registry.example/os/db:2"
`,
    )
    expect(await readFleetFile(path)).toEqual([
      {
        name: 'web-01',
        macs: ['52:54:00:00:00:01'],
        serials: [],
        image: 'registry.example/os/web:1',
        spec: { consoles: ['tty0'], hostname: 'web-01' },
      },
      {
        name: 'db-01',
        macs: [],
        serials: ['R2'],
        image: 'os/db:2',
        follow: 'registry.example/os/db:2',
        spec: { consoles: ['tty0'], hostname: 'unnamed' },
      },
    ])
  })

  const machine = { name: 'a', macs: ['52:54:00:00:00:01'], image: 'os/web:1' }
  it.each([
    ['no document', '{', /fleet\.json/],
    ['keys nobody knows', JSON.stringify({ machines: [{ ...machine, wipe: true }] }), /machines\.0.*wipe/],
    ['a machine that nothing tells from others', JSON.stringify({ machines: [{ name: 'a', image: 'x' }] }), /a MAC/],
    ['a machine without image', JSON.stringify({ machines: [{ ...machine, image: undefined }] }), /no image/],
    [
      'two machines that are one',
      JSON.stringify({ machines: [machine, { ...machine, name: 'b' }] }),
      /52:54:00:00:00:01 is given for a and for b/,
    ],
    ['a MAC that is none', JSON.stringify({ machines: [{ ...machine, macs: ['x'] }] }), /MAC address/],
  ])('refuses %s', async (_, text, message) => {
    const path = await file('fleet.json', text)
    const reading = readFleetFile(path)
    await expect(reading).rejects.toThrowWithCode(IsoError, 'INPUT_INVALID')
    await expect(reading).rejects.toThrow(message)
  })
})

describe('readSpecFile', () => {
  it('reads TOML and JSON', async () => {
    expect(await readSpecFile(await file('a.toml', 'hostname = "web-01"'))).toEqual({ hostname: 'web-01' })
    expect(await readSpecFile(await file('a.json', '{"hostname":"web-01"}'))).toEqual({ hostname: 'web-01' })
  })

  it('names the key at fault, and a file that is not there', async () => {
    await expect(readSpecFile(await file('a.json', '{"hostname":"-"}'))).rejects.toThrow(/hostname/)
    await expect(readSpecFile(join(folder, 'none.json'))).rejects.toThrowWithCode(IsoError, 'INPUT_INVALID')
  })
})
