// Machines as code, on the command line as people type it, with the real server.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { serve, type Served } from './serve.ts'

const MINUTES = 300_000
const SITE = `---
kind: profile
name: rack
selector: { rack: r1 }
spec: { finish: kexec }
---
kind: machine
name: web-1
macs: [ '52:54:00:00:00:01' ]
labels: { rack: r1 }
spec:
  rootPassword: $6$salt$hash
  files:
    - path: /etc/motd
      content: |
        Two
        lines
`

let folder: string
let server: Served
const file = (name: string) => join(folder, name)

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'landfall-documents-'))
  server = await serve(file('data'))
  await writeFile(file('site.yaml'), SITE)
}, MINUTES)

afterAll(async () => {
  await server?.[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

it('applies what a file says, and what `get` writes changes nothing', { timeout: MINUTES }, async () => {
  const before = await server.cli('diff', '-f', file('site.yaml'))
  expect([before.code, before.stdout]).toEqual([6, expect.stringContaining('+ spec.rootPassword: "********"')])
  const applied = await server.cli('apply', '-f', file('site.yaml'), '-o', 'name')
  expect([applied.code, applied.stdout]).toEqual([0, 'profile/rack\nmachine/web-1\n'])
  const { stdout: text } = await server.cli('get', 'all', '-o', 'yaml')
  expect(text).toContain('      content: |\n        Two\n        lines\n')
  await writeFile(file('got.yaml'), text)
  expect(await server.cli('diff', '-f', file('got.yaml'))).toMatchObject({ code: 0, stdout: '' })
  const json = await server.cli('get', 'machine', 'web-1', '-o', 'json')
  await writeFile(file('got.json'), json.stdout)
  const again = await server.cli('apply', '-f', file('got.json'))
  expect([again.code, again.stdout]).toEqual([0, expect.stringMatching(/machine\/web-1 +unchanged/)])
})

it('refuses a file with its lines, and sends nothing of it', { timeout: MINUTES }, async () => {
  await writeFile(file('bad.yaml'), `${SITE}---\nkind: machine\nname: web-2\nspec:\n  finish: never\n`)
  const { code, stderr } = await server.cli('apply', '-f', file('bad.yaml'))
  expect([code, stderr]).toEqual([2, expect.stringContaining('bad.yaml:22: spec.finish: ')])
  await writeFile(file('strange.yaml'), `${SITE}---\nkind: machine\nname: web-2\n`)
  const refused = await server.cli('apply', '-f', file('strange.yaml'))
  expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('1 of 3 documents refused; nothing was')])
})

it('exchanges the inventory, and hands machines out', { timeout: MINUTES }, async () => {
  await writeFile(file('racks.csv'), 'name;macs;label:pool\nci-1;52:54:00:00:00:02;ci\nci-2;nonsense;ci\n')
  const refused = await server.cli('machine', 'import', file('racks.csv'))
  expect([refused.code, refused.stdout]).toEqual([1, expect.stringMatching(/^3 +ci-2 +refused: macs\.0/m)])
  expect((await server.cli('machine', 'import', file('racks.csv'), '--skip-refused')).code).toBe(1)
  const { stdout } = await server.cli('machine', 'export', '--label', 'pool=ci')
  expect(stdout).toMatch(/^name,macs,image,label:pool,id,.*\r\nci-1,52:54:00:00:00:02,,ci,/)
  const claim = ['machine', 'claim', '--label', 'pool=ci', '--set', 'owner=job-17', '-o', 'name', '--key']
  expect(await server.cli(...claim, 'a')).toMatchObject({ code: 0, stdout: 'ci-1\n' })
  expect(await server.cli(...claim, 'a')).toMatchObject({ code: 0, stdout: 'ci-1\n' })
  expect((await server.cli(...claim, 'b')).code).toBe(1)
})
