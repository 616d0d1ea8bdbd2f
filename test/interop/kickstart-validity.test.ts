// Kickstarts before other judges than ours: pykickstart, whose parser is Anaconda's, bash, shellcheck and Python.
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { KickstartRelease } from '../../server/contract/kickstart-release.ts'
import { linesFor } from '../../server/kickstart/firmware-lines.ts'
import { parseKickstart, splitWords } from '../../server/kickstart/parse.ts'
import { renderKickstart } from '../../server/kickstart/render.ts'
import { kickstartParts } from '../../server/kickstart/variables.ts'
import { loadTemplates } from '../../server/render/templates.ts'
import { CASES, inputOf, releasesOf } from '../helpers/kickstart-cases.ts'
import type { KickstartCase } from '../helpers/kickstart-cases.ts'
import { ksvalidator } from './pykickstart.ts'

const run = promisify(execFile)
const templates = await loadTemplates(join(import.meta.dirname, '../../templates'))
const validator = ksvalidator()
const MATRIX = CASES.flatMap((one) => releasesOf(one).map((release) => ({ one, release })))

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'landfall-kickstart-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** The kickstart as Anaconda reads it after %pre: with the files that it includes in their places. */
function whole(one: KickstartCase, release: KickstartRelease, firmware: 'bios' | 'uefi'): string {
  const input = inputOf(one, release)
  const includes = new Map(kickstartParts(input).includes.map(({ path, text }) => [path, linesFor(firmware, text)]))
  return renderKickstart(templates, input).text.replaceAll(/^%include (\S+)\n/gm, (_, path: string) =>
    includes.get(path)!,
  )
}

/** What the validator has against a kickstart. A mirror needs a biosboot partition on either disk, which it takes for a mistake. */
async function judge(name: string, release: KickstartRelease, text: string): Promise<string | undefined> {
  const file = join(folder, `${name}.ks`)
  await writeFile(file, text)
  try {
    await run(validator!, ['-v', release, file])
    return undefined
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string }
    const tolerated =
      /^(Checking kickstart file .*|A partition with the mountpoint biosboot has already been defined\.)?$/
    const against = `${stdout}\n${stderr}`.split('\n').filter((line) => !tolerated.test(line))
    return against.length === 0 ? undefined : `${name}: ${against.join(' ')}`
  }
}

describe('kickstarts', () => {
  it('are many enough to mean something', () => {
    expect(MATRIX.length).toBeGreaterThan(100)
  })

  describe.skipIf(validator === undefined)(
    `before pykickstart${validator ? '' : ' (skipped: it cannot be installed)'}`,
    () => {
      it.each(CASES.map((one) => [one.name, one] as const))('%s: are accepted for every release', async (name, one) => {
        const verdicts = await Promise.all(
          releasesOf(one).flatMap((release) =>
            (['bios', 'uefi'] as const).map((firmware) =>
              judge(`${name}-${release}-${firmware}`, release, whole(one, release, firmware)),
            ),
          ),
        )
        expect(verdicts.filter((verdict) => verdict !== undefined)).toEqual([])
      })
    },
  )

  it('have scripts that bash reads and shellcheck has nothing against', async () => {
    const scripts = new Map<string, string>()
    for (const { one, release } of MATRIX) {
      const { text } = renderKickstart(templates, inputOf(one, release))
      for (const { name, words, body } of parseKickstart(text).sections) {
        const script = `${body.join('\n')}\n`
        if (![...scripts.values()].includes(script))
          scripts.set(`${one.name}-${release}${name.replace('%', '-')}${words.length}-${scripts.size}.sh`, script)
      }
    }
    const files = [...scripts].map(([name, text]) => [join(folder, name), text] as const)
    await Promise.all(files.map(([file, text]) => writeFile(file, text)))
    for (const [file] of files) await run('bash', ['-n', file])
    await run('shellcheck', ['--shell=bash', '--exclude=SC1091', ...files.map(([file]) => file)]).catch(
      ({ stdout }: { stdout: string }) => expect.fail(stdout),
    )
  })

  it('have a program for finding disks that Python compiles', async () => {
    const { text } = renderKickstart(templates, inputOf(CASES[0]!, 'RHEL9'))
    const [, program] = /resolve\.py <<'LANDFALL'\n([\s\S]*?)\nLANDFALL\n/.exec(text)!
    const file = join(folder, 'resolve.py')
    await writeFile(file, program!)
    await run('python3', ['-W', 'error', '-m', 'py_compile', file])
  })
})

it('words are split as by the shlex of Python', async () => {
  const lines = fc.sample(fc.string({ unit: fc.constantFrom(...'ab "\'\\#$=-,\t'), maxLength: 20 }), 3000)
  const program =
    'import json, shlex, sys\n' +
    'def split(line):\n    try: return shlex.split(line, comments=True)\n    except ValueError: return None\n' +
    'print(json.dumps([split(line) for line in json.load(sys.stdin)]))'
  const judged = run('python3', ['-c', program])
  judged.child.stdin!.end(JSON.stringify(lines))
  const expected = JSON.parse((await judged).stdout) as (string[] | null)[]
  expect(lines.map((line) => [line, splitWords(line) ?? null])).toEqual(lines.map((line, at) => [line, expected[at]]))
})
