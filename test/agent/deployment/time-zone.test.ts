import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { timeZone } from '../../../boot-assets/agent/deployment/time-zone.ts'
import { AgentError } from '../../../boot-assets/agent/errors.ts'
import { FakeTree } from '../fake-tree.ts'

let fake: FakeTree
beforeEach(async () => {
  fake = await FakeTree.make()
  await fake.image('usr/share/zoneinfo/Europe/Rome')
})
afterEach(() => fake[Symbol.asyncDispose]())

describe('the time zone', () => {
  it('is a relative link to a file of the image', async () => {
    const link = { path: 'etc/localtime', link: '../usr/share/zoneinfo/Europe/Rome' }
    expect(await timeZone(fake.tree, fake.root, 'Europe/Rome')).toEqual([link])
    await fake.etc('timezone', 'Etc/UTC\n')
    const name = { path: 'etc/timezone', text: 'Europe/Rome\n', mode: 0o644 }
    expect(await timeZone(fake.tree, fake.root, 'Europe/Rome')).toEqual([link, name])
    expect(await timeZone(fake.tree, fake.root, undefined)).toEqual([])
  })

  it.each(['Europe/Atlantis', 'Europe'])('is refused where the image has no file of it: %s', async (zone) => {
    await mkdir(join(fake.path, 'usr/share/zoneinfo/Europe'), { recursive: true })
    await expect(timeZone(fake.tree, fake.root, zone)).rejects.toThrowWithCode(AgentError, 'CONFIGURE_FAILED')
  })
})
