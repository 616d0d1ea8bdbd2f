import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { boundImages } from '../../../boot-assets/agent/deployment/bound-images.ts'
import { FakeTree } from '../fake-tree.ts'

it('names the container images that an image is bound to', async () => {
  await using fake = await FakeTree.make()
  expect(await boundImages(fake.tree)).toEqual([])
  const [links, quadlets] = ['usr/lib/bootc/bound-images.d', 'usr/share/containers/systemd']
  for (const folder of [links, quadlets]) await mkdir(join(fake.path, folder), { recursive: true })
  await writeFile(join(fake.path, quadlets, 'web.image'), '[Image]\nImage=registry.example/web:1\n')
  await writeFile(join(fake.path, quadlets, 'db.container'), '[Container]\nImage = registry.example/db@sha256:00\n')
  // NB: absolute links lead out of the tree as it is seen from here.
  for (const name of ['web.image', 'db.container', 'gone.image', 'notes.txt']) {
    await symlink(`/${quadlets}/${name}`, join(fake.path, links, name))
  }
  expect(await boundImages(fake.tree)).toEqual([
    'registry.example/db@sha256:00',
    'gone.image',
    'registry.example/web:1',
  ])
})
