import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { findAccess } from '../../server/cli/access.ts'
import { CliError } from '../../server/cli/errors.ts'
import { LOCAL_ACCESS_FILE } from '../../server/contract/local-access.ts'
import { ensureLocalAccess, LOCAL_TOKEN } from '../../server/local-access.ts'
import { testCore } from '../helpers/store-fakes.ts'

const URL = 'https://127.0.0.1:8443'
let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'local-access-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

describe('access from the same machine', () => {
  it('is a file only its owner may read, which the command line finds', async () => {
    const { tokens } = testCore()
    await ensureLocalAccess(folder, { url: URL, ca: 'PEM', tokens })
    expect(statSync(join(folder, LOCAL_ACCESS_FILE)).mode & 0o777).toBe(0o600)
    const access = findAccess({}, { dataDir: folder })
    expect(access).toMatchObject({ url: URL, ca: 'PEM' })
    expect(tokens.authenticate(access.token)).toMatchObject({ name: LOCAL_TOKEN, role: 'admin' })
  })

  it('does not count as somebody who has logged in', async () => {
    const { tokens } = testCore()
    await ensureLocalAccess(folder, { url: URL, ca: 'PEM', tokens })
    expect(tokens.someoneCanLogIn(LOCAL_TOKEN)).toBe(false)
    expect(tokens.someoneCanLogIn()).toBe(true)
    tokens.login(tokens.issueLoginSecret())
    expect(tokens.someoneCanLogIn(LOCAL_TOKEN)).toBe(true)
  })

  it('keeps its token over restarts, and gets another when that was revoked or the file damaged', async () => {
    const { tokens } = testCore()
    const tokenNow = async () => {
      await ensureLocalAccess(folder, { url: URL, ca: 'PEM', tokens })
      return (JSON.parse(readFileSync(join(folder, LOCAL_ACCESS_FILE), 'utf8')) as { token: string }).token
    }
    const first = await tokenNow()
    expect(await tokenNow()).toBe(first)
    tokens.revoke(tokens.listApiTokens()[0]!.id, 'token:me')
    const second = await tokenNow()
    expect(second).not.toBe(first)
    writeFileSync(join(folder, LOCAL_ACCESS_FILE), 'no json')
    expect(await tokenNow()).not.toBe(second)
    expect(tokens.listApiTokens()).toHaveLength(1)
  })
})

describe('access from elsewhere', () => {
  it('is named by variables, which come before any file', () => {
    expect(findAccess({ LANDFALL_URL: 'https://depot:8443/', LANDFALL_TOKEN: 'lfa_x' }, { dataDir: folder })).toEqual({
      url: 'https://depot:8443',
      token: 'lfa_x',
    })
  })

  it('needs a token, and says where it comes from', () => {
    const find = () => findAccess({ LANDFALL_URL: 'https://depot:8443' }, { dataDir: folder })
    expect(find).toThrow(CliError)
    expect(find).toThrow(
      expect.objectContaining({ exitCode: 4, hint: expect.stringContaining('landfall token create') }),
    )
  })
})
