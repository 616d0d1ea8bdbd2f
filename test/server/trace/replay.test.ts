// What real firmware asked (test/fixtures/dhcp), as stories. `vitest run test/server/trace/replay -u` writes them anew.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { traceText } from '../../../server/cli/story-text.ts'
import { replayed } from './made-up.ts'

const FIXTURES = join(import.meta.dirname, '../../fixtures/dhcp')
const STORIES = join(import.meta.dirname, '../../fixtures/trace')

describe('the story of captured requests', () => {
  it.each(readdirSync(FIXTURES).filter((name) => name.endsWith('.txt')))('%s', async (name) => {
    const boot = replayed(name).wait(60)
    const { clients } = boot.trace.overview()
    const text = clients.map(({ client, description }) => {
      return `${client}: ${description}\n${traceText(boot.trace.of([client]))}\n`
    })
    await expect(text.join('\n')).toMatchFileSnapshot(join(STORIES, name))
  })
})
