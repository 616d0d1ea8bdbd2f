import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { writeUnits } from '../../../server/systemd/install.ts'

const UNITS = '/etc/systemd/system'
const unit = (name: string, text = 'one') => ({
  path: `${UNITS}/${name}`,
  text: `# Made by \`landfall systemd\`.\n${text}\n`,
})
const SERVICE = unit('landfall.service')
const ETH1 = unit('landfall-dhcp-eth1.socket')
const ETH2 = unit('landfall-dhcp-eth2.socket')

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'landfall-install-'))
})
afterEach(() => rmSync(root, { recursive: true }))

const textAt = (path: string) => readFileSync(join(root, path), 'utf8')

describe('writeUnits', () => {
  it('writes what changed, keeps what did not, removes sockets of former listeners', async () => {
    expect(await writeUnits([SERVICE, ETH1], root)).toEqual({
      written: [SERVICE.path, ETH1.path],
      unchanged: [],
      removed: [],
    })
    const changed = unit('landfall.service', 'two')
    writeFileSync(join(root, UNITS, 'landfall-own.socket'), 'somebody else’s\n')
    writeFileSync(join(root, UNITS, 'other.socket'), ETH1.text)
    const again = await writeUnits([changed, ETH2], root)
    expect(again).toEqual({ written: [changed.path, ETH2.path], unchanged: [], removed: [ETH1.path] })
    expect(textAt(SERVICE.path)).toBe(changed.text)
    expect(existsSync(join(root, ETH1.path))).toBe(false)
    expect(existsSync(join(root, UNITS, 'landfall-own.socket'))).toBe(true)
    expect(existsSync(join(root, UNITS, 'other.socket'))).toBe(true)
    expect(await writeUnits([changed, ETH2], root)).toMatchObject({ written: [], removed: [] })
  })

  it('changes nothing when one file is not ours', async () => {
    mkdirSync(dirname(join(root, ETH1.path)), { recursive: true })
    writeFileSync(join(root, ETH1.path), '[Socket]\n')
    await expect(writeUnits([SERVICE, ETH1], root)).rejects.toMatchObject({ code: 'FOREIGN_UNIT' })
    expect(existsSync(join(root, SERVICE.path))).toBe(false)
    expect(textAt(ETH1.path)).toBe('[Socket]\n')
  })
})
