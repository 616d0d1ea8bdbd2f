import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { raspberryPiNames, SiteFolder, siteSource } from '../../../server/tftp/site-folder.ts'

const REQUEST = { remoteAddress: '10.77.0.100', localAddress: '10.77.0.1' }
let root: string
let folder: string
let now: number
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'site-folder-'))
  folder = join(root, 'raspberry-pi')
  now = 0
})
afterEach(() => rmSync(root, { recursive: true }))

function put(path: string, content: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true })
  writeFileSync(join(folder, path), content)
}

function server() {
  const site = new SiteFolder(folder, () => now)
  const source = siteSource(site, raspberryPiNames)
  const get = async (name: string) => {
    const found = await source(name, REQUEST)
    return found && Buffer.from(found as Uint8Array).toString()
  }
  return { site, get }
}

describe("a site's files for Raspberry Pis", () => {
  it("are found below a board's serial number or MAC address, its own before those for all", async () => {
    put('config.txt', 'for all')
    put('overlays/miniuart-bt.dtbo', 'overlay')
    put('1a2b3c4d/config.txt', 'for one')
    const { get } = server()
    expect(await get('1a2b3c4d/config.txt')).toBe('for one')
    expect(await get('deadbeef/config.txt')).toBe('for all')
    expect(await get('dc-a6-32-01-02-03/overlays/miniuart-bt.dtbo')).toBe('overlay')
    expect(await get('config.txt')).toBe('for all')
    expect(await get('1a2b3c4d/start4.elf')).toBeUndefined()
    expect(await get('other/config.txt')).toBeUndefined()
  })

  it('are regular files in the folder: no link, no way out (statement 72)', async () => {
    put('start4.elf', 'firmware')
    writeFileSync(join(root, 'secret'), 'secret')
    symlinkSync('../secret', join(folder, 'link'))
    symlinkSync('..', join(folder, 'up'))
    const { get } = server()
    for (const name of ['link', 'up/secret', '../secret', 'deadbeef/../secret', 'toString']) {
      expect(await get(name), name).toBeUndefined()
    }
  })

  it('may be put there while the server runs', async () => {
    const { site, get } = server()
    expect(await get('config.txt')).toBeUndefined()
    put('config.txt', 'new')
    expect(await get('config.txt')).toBeUndefined()
    expect(site.isEmpty()).toBe(true)
    now += 3000
    expect(await get('config.txt')).toBe('new')
    expect(site.isEmpty()).toBe(false)
  })
})
