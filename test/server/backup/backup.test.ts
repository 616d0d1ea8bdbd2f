// A data folder goes into a file and comes out of it.
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises'
import { createReadStream } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { pack } from 'tar-stream'
import { dataFiles, sourceFile } from '../../../server/backup/contents.ts'
import { BackupError } from '../../../server/backup/errors.ts'
import { restoreBackup } from '../../../server/backup/restore.ts'
import { requireTarget, writeBackup } from '../../../server/backup/write.ts'

const HEAD = { version: '0', createdAt: '2026-01-31T12:00:00.000Z', host: 'landfall', images: true }

let folder: string
let data: string
let file: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'landfall-backup-'))
  data = join(folder, 'data')
  file = join(folder, 'backup.tar')
})
afterEach(() => rm(folder, { recursive: true, force: true }))

async function put(name: string, text = name): Promise<string> {
  const path = join(data, name)
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, text)
  return path
}

async function backUp(): Promise<void> {
  const database = await sourceFile(await put('snapshots/1.db', 'the database'), 'landfall.db')
  await writeBackup(file, [database, ...(await dataFiles(data, { images: true }))], HEAD)
}

async function restore(target: string, checkDatabase: (path: string) => void = () => {}) {
  return restoreBackup(createReadStream(file), target, { uid: process.geteuid!(), checkDatabase })
}

async function textsBelow(target: string): Promise<Record<string, string>> {
  const entries = await readdir(target, { recursive: true, withFileTypes: true })
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  return Object.fromEntries(
    await Promise.all(paths.map(async (path) => [path.slice(target.length + 1), await readFile(path, 'utf8')])),
  )
}

describe('dataFiles', () => {
  it('leaves out what is made again, what is unfinished and what links lead to', async () => {
    const kept = ['media/fedora/source.iso', 'oci/blobs/sha256/ab/ab12', 'pki/ca.key', 'templates/x.hbs']
    for (const name of kept) await put(name)
    for (const name of [
      'boot/vmlinuz',
      'cache/installer/initramfs',
      'configuration/etc/landfall.toml',
      'landfall.db',
      'landfall.db-wal',
      'local-access.json',
      'media/incoming/1/source.iso',
      'network.toml.1.part',
      'oci/incoming/1',
      'oci/reading/database',
      'oci/recoding/layer',
      'oci/uploads/1',
      'pki/ca.crt.new',
      'snapshots/1.db',
    ])
      await put(name)
    await symlink('/etc/passwd', join(data, 'pki/link'))
    expect((await dataFiles(data, { images: true })).map(({ name }) => name)).toEqual(kept)
    expect((await dataFiles(data, { images: false })).map(({ name }) => name)).toEqual(kept.slice(2))
  })
})

describe('writeBackup', () => {
  it('writes what its owner alone reads, and leaves a mark of when it was', async () => {
    await put('pki/ca.key', 'secret')
    await writeFile(`${file}.part`, 'of a killed one, for all to read', { mode: 0o644 })
    await backUp()
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    const target = join(folder, 'target')
    const manifest = await restore(target)
    expect(manifest).toMatchObject({ ...HEAD, files: [{ name: 'landfall.db', size: 12 }, { name: 'pki/ca.key' }] })
    expect(await textsBelow(target)).toEqual({
      'landfall.db': 'the database',
      'pki/ca.key': 'secret',
      'restored.json': JSON.stringify({ createdAt: HEAD.createdAt }),
    })
    expect((await stat(target)).mode & 0o077).toBe(0)
  })

  it('replaces nothing, and is no part of itself', async () => {
    await put('pki/ca.key')
    await backUp()
    await expect(backUp()).rejects.toThrowWithCode(BackupError, 'FILE_EXISTS')
    await expect(requireTarget(join(data, 'pki/x.tar'), data)).rejects.toThrowWithCode(BackupError, 'FILE_INSIDE')
    await expect(requireTarget(file, data)).rejects.toThrowWithCode(BackupError, 'FILE_EXISTS')
    await requireTarget(join(folder, '..data.tar'), data)
  })

  it.each([
    ['goes away', (path: string) => rm(path)],
    ['grows', (path: string) => writeFile(path, 'much longer than before')],
    ['shrinks', (path: string) => truncate(path, 1)],
    ['becomes a link', async (path: string) => rm(path).then(() => symlink('/etc/passwd', path))],
  ])('leaves nothing when a file %s meanwhile', async (_, change) => {
    const path = await put('oci/blobs/sha256/ab/ab12')
    const files = await dataFiles(data, { images: true })
    await change(path)
    await expect(writeBackup(file, files, HEAD)).rejects.toThrowWithCode(BackupError, 'SOURCE_CHANGED')
    expect(await readdir(folder)).toEqual(['data'])
  })

  it('leaves nothing when it is interrupted', async () => {
    await put('media/big', 'x'.repeat(2 ** 22))
    const stop = new AbortController()
    const files = await dataFiles(data, { images: true })
    await expect(writeBackup(file, files, HEAD, { onBytes: () => stop.abort(), signal: stop.signal })).rejects.toThrow(
      /abort/,
    )
    expect(await readdir(folder)).toEqual(['data'])
  })
})

describe('restoreBackup', () => {
  it('fills an empty folder, also one with what a killed restore left', async () => {
    await put('oci/blobs/sha256/ab/ab12')
    await backUp()
    const target = join(folder, 'target')
    await mkdir(join(target, 'restoring/half'), { recursive: true })
    await mkdir(join(target, 'lost+found'))
    await restore(target)
    expect(Object.keys(await textsBelow(target))).toEqual(expect.arrayContaining(['landfall.db']))
    expect(await readdir(target)).not.toContain('restoring')
  })

  it('touches no folder that has something in it, or is somebody else’s', async () => {
    await put('pki/ca.key')
    await backUp()
    await expect(restore(data)).rejects.toThrowWithCode(BackupError, 'FOLDER_TAKEN')
    const target = join(folder, 'target')
    await mkdir(target)
    const foreign = restoreBackup(createReadStream(file), target, { uid: 4711, checkDatabase() {} })
    await expect(foreign).rejects.toThrowWithCode(BackupError, 'FOLDER_FOREIGN')
  })

  it('leaves nothing of a backup that was cut short, wherever', async () => {
    for (const name of ['a', 'b', 'c']) await put(`oci/${name}`, name.repeat(1500))
    await backUp()
    const bytes = await readFile(file)
    for (let end = 0; end < bytes.length - 1024; end += 512) {
      await writeFile(file, bytes.subarray(0, end))
      await expect(restore(join(folder, 'target'))).rejects.toThrowWithCode(BackupError, 'BACKUP_INVALID')
      expect(await readdir(folder)).toEqual(['backup.tar', 'data'])
    }
  })

  it('leaves nothing of one that was changed', async () => {
    await put('pki/ca.key', 'secret')
    await backUp()
    const bytes = await readFile(file)
    bytes[bytes.indexOf('secret')] = 0x58
    await writeFile(file, bytes)
    await expect(restore(join(folder, 'target'))).rejects.toThrowWithCode(BackupError, 'BACKUP_INVALID')
    expect(await readdir(folder)).toEqual(['backup.tar', 'data'])
  })

  it('leaves nothing when it is interrupted', async () => {
    await put('media/big', 'x'.repeat(2 ** 22))
    await backUp()
    const stop = new AbortController()
    const source = createReadStream(file).once('data', () => stop.abort())
    const options = { uid: process.geteuid!(), checkDatabase() {}, signal: stop.signal }
    await expect(restoreBackup(source, join(folder, 'target'), options)).rejects.toThrow(/abort/)
    expect(await readdir(folder)).toEqual(['backup.tar', 'data'])
  })

  it('leaves nothing when the database is of no use', async () => {
    await backUp()
    const refuse = () => {
      throw new Error('too new')
    }
    await expect(restore(join(folder, 'target'), refuse)).rejects.toThrow('too new')
    expect(await readdir(folder)).toEqual(['backup.tar', 'data'])
  })

  it('leaves nothing when a file cannot get to its place', async () => {
    const source = await sourceFile(await put('x'), 'lost+found/x')
    const database = await sourceFile(await put('snapshots/1.db'), 'landfall.db')
    await writeBackup(file, [database, await sourceFile(await put('a'), 'a'), source], HEAD)
    const target = join(folder, 'target')
    // What stands in the way: a folder of the file system that is not empty.
    await mkdir(join(target, 'lost+found/1'), { recursive: true })
    await expect(restore(target)).rejects.toThrow('ENOTEMPTY')
    expect(await readdir(target)).toEqual(['lost+found'])
  })

  it.each([
    ['has no database', [], 'pki/ca.key', 'it holds no database'],
    ['has a file that it does not list', ['landfall.db'], 'landfall.db', 'pki/ca.key is not in its list of files'],
  ])('refuses what %s', async (_, more, listed, message) => {
    const sha256 = createHash('sha256').update('x').digest('hex')
    await writeArchive((archive) => {
      for (const name of [...more, 'pki/ca.key']) archive.entry({ name }, 'x')
      const manifest = { format: 1, ...HEAD, files: [{ name: listed, size: 1, sha256 }] }
      archive.entry({ name: 'backup.json' }, JSON.stringify(manifest))
    })
    await expect(restore(join(folder, 'target'))).rejects.toThrow(message)
    expect(await readdir(folder)).toEqual(['backup.tar'])
  })

  it.each(['../out', '/etc/out', 'a/../../out', 'a//b', '.'])('refuses the name %s', async (name) => {
    await writeArchive((archive) => archive.entry({ name }, 'x'))
    await expect(restore(join(folder, 'target'))).rejects.toThrowWithCode(BackupError, 'BACKUP_INVALID')
    expect(await readdir(folder)).toEqual(['backup.tar'])
  })

  it('refuses links, and files that are in it twice', async () => {
    await writeArchive((archive) => archive.entry({ name: 'x', type: 'symlink', linkname: '/etc/passwd' }))
    await expect(restore(join(folder, 'target'))).rejects.toThrowWithCode(BackupError, 'BACKUP_INVALID')
    await writeArchive((archive) => {
      archive.entry({ name: 'x' }, '1')
      archive.entry({ name: 'x' }, '2')
    })
    await expect(restore(join(folder, 'target'))).rejects.toThrowWithCode(BackupError, 'BACKUP_INVALID')
  })
})

async function writeArchive(fill: (archive: ReturnType<typeof pack>) => void): Promise<void> {
  const archive = pack()
  fill(archive)
  archive.finalize()
  await writeFile(file, archive as AsyncIterable<Buffer>)
}
