// Chunked images for tests: a tree that the ostree command line commits, cut into layers, with layers on top or without.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { writeTar } from '../stream/tar-writer.ts'
import type { Entry } from '../stream/tar-writer.ts'
import type { EmbeddedCommit, OstreeCli } from './cli.ts'
import { encapsulate } from './encapsulate.ts'
import type { EncapsulateOptions } from './encapsulate.ts'
import { makeImage } from './image.ts'
import type { TestImage } from './image.ts'

/** Commits `entries` as they are (no filter: `usr/etc` is called so) and cuts the commit into layers. */
export function embeddedCommit(
  cli: OstreeCli,
  folder: string,
  entries: readonly Entry[],
  options: EncapsulateOptions & {
    /** Root with `usr/etc/selinux`; files get the labels of its policy. */
    policy?: string
  },
): EmbeddedCommit {
  const scratch = mkdtempSync(join(folder, 'encapsulate-'))
  try {
    const [repo, tar] = [join(scratch, 'repo'), join(scratch, 'base.tar')]
    cli.run(repo, 'init', '--mode=bare')
    writeFileSync(tar, writeTar(entries))
    const version = ['--add-metadata-string=version=42.1', '--add-metadata-string=ostree.linux=6.1.0']
    const how = ['--no-bindings', '--tar-autocreate-parents', '--timestamp=@1700000000', ...version]
    const labels = options.policy === undefined ? [] : [`--selinux-policy=${options.policy}`]
    const commit = cli.run(repo, 'commit', '--branch=base', '--subject=base', ...how, ...labels, `--tree=tar=${tar}`)
    return { commit, layers: encapsulate(cli, repo, commit, options) }
  } finally {
    rmSync(scratch, { recursive: true })
  }
}

/** An image of an embedded commit and the layers on top of it, labelled as such. */
export function chunkedImage(
  { layers, commit }: EmbeddedCommit,
  derived: readonly (readonly Entry[])[] = [],
): TestImage {
  return makeImage([...layers, ...derived], (diffIds) => ({
    'ostree.bootable': 'true',
    'ostree.commit': commit,
    'ostree.final-diffid': diffIds[layers.length - 1]!,
  }))
}
