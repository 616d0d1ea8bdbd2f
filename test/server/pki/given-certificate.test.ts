import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openAuthority } from '../../../server/pki/authority.ts'
import { readGivenCertificate } from '../../../server/pki/given-certificate.ts'
import { ensureServerCertificate } from '../../../server/pki/server-certificate.ts'

let folder: string
let files: { certificate: string; key: string }

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'landfall-given-'))
  files = { certificate: join(folder, 'server.crt'), key: join(folder, 'server.key') }
})
afterEach(() => rm(folder, { recursive: true }))

describe('a given certificate', () => {
  it('is read with the names it is for', async () => {
    await ensureServerCertificate(await openAuthority(folder), folder, ['a.example', '*.b.example', '192.0.2.1'])
    expect((await readGivenCertificate(files)).names).toEqual(['a.example', '*.b.example'])
  })

  it('is refused when a file is missing or no PEM, when they do not belong together, and without a name', async () => {
    const refused = () => expect(readGivenCertificate(files)).rejects.toMatchObject({ code: 'GIVEN_INVALID' })
    await refused()
    const authority = await openAuthority(folder)
    await ensureServerCertificate(authority, folder, ['192.0.2.1'])
    await refused()
    files.key = join(folder, 'ca.key')
    await refused()
    await writeFile(files.certificate, 'no PEM')
    await refused()
  })
})
