import { statfs } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { expect, it } from 'vitest'
import { missingSpace } from '../../../server/host/free-space.ts'

it('says how much is needed and how much is there, only when it is too little', async () => {
  const { blocks, bsize } = await statfs(tmpdir())
  expect(await missingSpace(tmpdir(), 0)).toBeUndefined()
  expect(await missingSpace(tmpdir(), (blocks + 1) * bsize)).toMatch(/^it needs \S+ \w+, \S+ \w+ are free there$/)
})
