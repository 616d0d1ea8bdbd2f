import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Repo } from '../../../boot-assets/agent/ostree/repo.ts'

let path: string
beforeEach(() => (path = mkdtempSync(join(tmpdir(), 'repo-'))))
afterEach(() => rmSync(path, { recursive: true }))

describe('a repository without fsync', () => {
  const config = () => readFileSync(join(path, 'config'), 'utf8')

  it('is one for the time of the work alone, also of work that fails', async () => {
    const repo = Repo.init(path)
    const usual = config()
    expect(await repo.withoutFsync(async () => config())).toMatch(/^\[core\]\nfsync=false\n/)
    expect(config()).toBe(usual)
    await expect(repo.withoutFsync(() => Promise.reject(new Error('no')))).rejects.toThrow('no')
    expect(config()).toBe(usual)
  })

  it('is none any more after the next work, when a process died within', async () => {
    const repo = Repo.init(path)
    const usual = config()
    const within = await repo.withoutFsync(async () => config())
    writeFileSync(join(path, 'config'), within)
    expect(await Repo.init(path).withoutFsync(async () => config())).toBe(within)
    expect(config()).toBe(usual)
  })
})
