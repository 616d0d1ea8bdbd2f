// The tree for the image's programs, with real programs in it: before there is a deployment, and after.
import { existsSync, mkdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ImageTree } from '../../boot-assets/agent/deployment/tree.ts'
import { checkoutTree } from '../../boot-assets/agent/ostree/checkout.ts'
import { importImage } from '../../boot-assets/agent/ostree/import-image.ts'
import { Repo } from '../../boot-assets/agent/ostree/repo.ts'
import { realHost } from '../../boot-assets/agent/sys/host.ts'
import { serveBlobs } from '../agent/ostree/blob-server.ts'
import { bootableTree, KERNEL } from '../agent/ostree/bootable.ts'
import { makeImage } from '../agent/ostree/image.ts'
import type { Entry } from '../agent/stream/tar-writer.ts'
import { memoryFolder } from '../helpers/memory-folder.ts'

const isRoot = process.geteuid?.() === 0
const DATA = 'usr/share/data'

describe.skipIf(!isRoot)("the tree for the image's programs (needs root)", () => {
  let folder: string
  let target: string
  let stage: string
  beforeEach(() => {
    folder = memoryFolder('agent-tree-')
    target = join(folder, 'target')
    stage = join(folder, 'stage')
    mkdirSync(join(target, 'boot'), { recursive: true })
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  async function imported(entries: Entry[]): Promise<{ repo: Repo; commit: string }> {
    const image = makeImage([[...entries, { path: DATA, content: 'data' }]])
    await using server = await serveBlobs(image.blobs)
    const repo = Repo.init(join(target, 'ostree/repo'))
    const { mergeCommit, flushed } = await importImage({
      ...image,
      repo,
      targetImage: 'docker://registry.example/os/small:1',
      locate: ({ digest }) => server.source(digest),
    })
    await flushed
    return { repo, commit: mergeCommit }
  }

  /** As ostree would make one, but for its /etc. */
  function deploymentOf(repo: Repo, commit: string): string {
    const path = join(target, 'deployment')
    checkoutTree(repo, commit, path)
    mkdirSync(join(path, 'etc'))
    return path
  }

  it('has links to what ostree needs, and none once there is a deployment', async () => {
    const { repo, commit } = await imported(await bootableTree('forky'))
    const tree = await ImageTree.forOstree(realHost, { target, commit, stage })
    const links = tree.path
    expect((await tree.startOstree(['--version']))?.stdout).toMatch(/Version: '20/)
    expect(tree.has(DATA)).toBe(false)
    expect(tree.has(`usr/lib/modules/${KERNEL}/vmlinuz`)).toBe(true)
    const deployment = deploymentOf(repo, commit)
    await tree.settle(deployment, commit)
    expect(existsSync(links)).toBe(false)
    expect(tree).toMatchObject({ path: deployment, etc: join(deployment, 'etc') })
    expect((await tree.run('ostree', ['--version'])).stdout).toMatch(/Version: '20/)
    await tree.remove()
    expect(tree.has(DATA)).toBe(true)
  })

  it('tells of a program that fails what the program is and says, not how it was run', async () => {
    const { commit } = await imported(await bootableTree('forky'))
    const tree = await ImageTree.forOstree(realHost, { target, commit, stage })
    await expect(tree.run('ostree', ['refs', '--repo=/nowhere'])).rejects.toThrow(
      /^ostree refs --repo=\/nowhere: exit code 1: error: /,
    )
  })

  it('has links to everything where ostree needs more to start', async () => {
    const entries = (await bootableTree('forky')).map((entry) =>
      entry.path === 'usr/bin/ostree' ? { ...entry, path: 'usr/share/tools/ostree' } : entry,
    )
    const moved: Entry = { path: 'usr/bin/ostree', type: 'symlink', target: '../share/tools/ostree', mode: 0o777 }
    const { commit } = await imported([...entries, moved])
    const tree = await ImageTree.forOstree(realHost, { target, commit, stage })
    expect((await tree.startOstree(['--version']))?.stdout).toMatch(/Version: '20/)
    expect(tree.has(DATA)).toBe(true)
  })

  it('says so where there is no ostree', async () => {
    const { commit } = await imported((await bootableTree('forky')).filter(({ path }) => path !== 'usr/bin/ostree'))
    const tree = await ImageTree.forOstree(realHost, { target, commit, stage })
    expect(await tree.startOstree(['--version'])).toBeUndefined()
  })

  it('keeps to links where the deployment lacks a folder that a root has', async () => {
    const { repo, commit } = await imported((await bootableTree('forky')).filter(({ path }) => path !== 'tmp/'))
    const tree = await ImageTree.forOstree(realHost, { target, commit, stage })
    const links = tree.path
    const deployment = deploymentOf(repo, commit)
    await tree.settle(deployment, commit)
    expect(tree).toMatchObject({ path: links, etc: join(deployment, 'etc') })
    expect(statSync(join(links, DATA)).ino).toBe(statSync(join(deployment, DATA)).ino)
    expect((await tree.run('ostree', ['--version'])).stdout).toMatch(/Version: '20/)
    await tree.remove()
    expect(existsSync(links)).toBe(false)
  })
})
