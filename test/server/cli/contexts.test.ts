import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { findAccess, isHere } from '../../../server/cli/access.ts'
import { chosenContext, readContexts, removeContext, saveContext, useContext } from '../../../server/cli/contexts.ts'

const LAB = { url: 'https://lab:8443', token: 'lfu_lab' }
const DEPOT = { url: 'https://depot:8443', token: 'lfa_depot', ca: 'PEM' }
let env: NodeJS.ProcessEnv

beforeEach(() => {
  env = { XDG_CONFIG_HOME: mkdtempSync(join(tmpdir(), 'landfall-contexts-')) }
})
afterEach(() => rmSync(env['XDG_CONFIG_HOME']!, { recursive: true }))

it('keeps servers by name, the newest as the current one, for their owner alone', async () => {
  await saveContext(env, 'lab', LAB)
  const file = await saveContext(env, 'depot', DEPOT)
  expect(statSync(file).mode & 0o777).toBe(0o600)
  expect(chosenContext(env)).toEqual({ name: 'depot', ...DEPOT })
  await useContext(env, 'lab')
  expect(findAccess(env)).toEqual({ ...LAB, ca: undefined })
})

it('is chosen by option, then by variable; `local` is the server of this machine', async () => {
  await saveContext(env, 'lab', LAB)
  await saveContext(env, 'depot', DEPOT)
  expect(chosenContext({ ...env, LANDFALL_CONTEXT: 'lab' })?.name).toBe('lab')
  expect(chosenContext({ ...env, LANDFALL_CONTEXT: 'lab' }, 'depot')?.name).toBe('depot')
  expect(chosenContext(env, 'local')).toBeUndefined()
  expect([isHere(env, {}), isHere(env, { context: 'local' }), isHere(env, { dataDir: '/x' })]).toEqual([
    false,
    true,
    true,
  ])
})

it('comes before variables when it is named, and after them when it is not', async () => {
  await saveContext(env, 'lab', LAB)
  const variables = { ...env, LANDFALL_URL: 'https://other:8443', LANDFALL_TOKEN: 't' }
  expect(findAccess(variables).url).toBe('https://other:8443')
  expect(findAccess(variables, { context: 'lab' }).url).toBe(LAB.url)
})

it('is the server of this machine again when the current one is removed', async () => {
  await saveContext(env, 'lab', LAB)
  await removeContext(env, 'lab')
  expect(readContexts(env)).toEqual({ current: null, contexts: {} })
})

it('refuses names that stand for nothing, names that cannot be, and a damaged file', async () => {
  expect(() => chosenContext(env, 'lab')).toThrow(expect.objectContaining({ exitCode: 2 }))
  await expect(useContext(env, 'lab')).rejects.toThrow(/no context lab/)
  await expect(saveContext(env, 'local', LAB)).rejects.toThrow(/no name for a context/)
  await expect(saveContext(env, '__proto__', LAB)).rejects.toThrow(/no name for a context/)
  const file = await saveContext(env, 'lab', LAB)
  writeFileSync(file, '{')
  expect(() => chosenContext(env)).toThrow(expect.objectContaining({ exitCode: 4 }))
})
