import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { NetworkChange } from '../../../server/setup/network-change.ts'

let folder: string
let file: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'landfall-change-'))
  file = join(folder, 'network.toml')
})
afterEach(() => rmSync(folder, { recursive: true }))

const works = async () => 'anew'
const fails = () => Promise.reject(new Error('TFTP socket 10.77.0.1:69: another program holds the port'))

it('keeps settings that the server starts by', async () => {
  const change = new NetworkChange(folder)
  writeFileSync(file, 'new')
  expect(await change.begin({ anew: works, asBefore: async (trouble) => trouble })).toBe('anew')
  expect(readFileSync(file, 'utf8')).toBe('new')
})

it('takes back what the server cannot start by: to nothing', async () => {
  const change = new NetworkChange(folder)
  writeFileSync(file, 'bad')
  const trouble = await change.begin({ anew: fails, asBefore: async (text) => text })
  expect(trouble).toMatch(/taken back.*another program holds the port/)
  expect(existsSync(file)).toBe(false)
})

it('takes back what the server cannot start by: to the last that it started by', async () => {
  writeFileSync(file, 'first')
  const change = new NetworkChange(folder)
  writeFileSync(file, 'second')
  await change.begin({ anew: works, asBefore: async (text) => text })
  writeFileSync(file, 'bad')
  await change.begin({ anew: fails, asBefore: async (text) => text })
  expect(readFileSync(file, 'utf8')).toBe('second')
})
