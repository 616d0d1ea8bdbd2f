import { afterEach, beforeEach, expect, it } from 'vitest'
import { selinuxMode } from '../../../boot-assets/agent/deployment/selinux-mode.ts'
import { AgentError } from '../../../boot-assets/agent/errors.ts'
import { FakeTree } from '../fake-tree.ts'

let fake: FakeTree
beforeEach(async () => {
  fake = await FakeTree.make()
})
afterEach(() => fake[Symbol.asyncDispose]())

it('the SELinux mode is a line of the image’s own configuration', async () => {
  await fake.etc('selinux/config', '# SELINUX= can be\nSELINUX=enforcing\nSELINUXTYPE=targeted\n')
  expect(await selinuxMode(fake.root, 'permissive')).toEqual([
    {
      path: 'etc/selinux/config',
      text: '# SELINUX= can be\nSELINUX=permissive\nSELINUXTYPE=targeted\n',
      mode: 0o644,
    },
  ])
  expect(await selinuxMode(fake.root, 'image')).toEqual([])
})

it('the SELinux mode is refused where the image has no policy', async () => {
  await expect(selinuxMode(fake.root, 'enforcing')).rejects.toThrowWithCode(AgentError, 'CONFIGURE_FAILED')
})
