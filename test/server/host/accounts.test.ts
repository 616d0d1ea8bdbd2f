import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { actingAs, findAccount, parseAccount } from '../../../server/host/accounts.ts'

const NOBODY = { name: 'nobody', uid: 65_534, gid: 65_534 }

describe('accounts', () => {
  it('are found by name and by number, as the host knows them', () => {
    expect(findAccount('root')).toEqual({ name: 'root', uid: 0, gid: 0 })
    expect(findAccount(0)).toEqual({ name: 'root', uid: 0, gid: 0 })
    expect(findAccount('no-such-user')).toBeUndefined()
    expect(findAccount('--help')).toBeUndefined()
  })

  it.each(['', 'root', 'root:x:zero:0:::', ':x:1:1:::'])('are not taken from %j', (line) => {
    expect(parseAccount(line)).toBeUndefined()
  })
})

describe.skipIf(process.getuid?.() !== 0)('actingAs', () => {
  it('has the account’s rights on files in all threads, then root’s again, also after a failure', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'landfall-acting-'))
    const secret = join(folder, 'secret')
    writeFileSync(secret, 'root’s')
    try {
      const before = readFileSync('/proc/self/status', 'utf8').match(/^(Uid|Gid|CapEff):.*$/gm)
      await expect(actingAs(NOBODY, async () => readFileSync(secret))).rejects.toMatchObject({ code: 'EACCES' })
      const users = await actingAs(NOBODY, () =>
        readdirSync('/proc/self/task').map((task) => {
          const status = readFileSync(`/proc/self/task/${task}/status`, 'utf8')
          return /^Uid:\s+\d+\s+(\d+)/m.exec(status)![1]
        }),
      )
      expect(new Set(users)).toEqual(new Set(['65534']))
      expect(readFileSync('/proc/self/status', 'utf8').match(/^(Uid|Gid|CapEff):.*$/gm)).toEqual(before)
      expect(readFileSync(secret, 'utf8')).toBe('root’s')
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
