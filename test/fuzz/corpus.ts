// The corpus of test/fixtures/fuzz: of all inputs that become the same thing, the shortest one. `node test/fuzz/corpus.ts` makes it anew, after the
// codec or a target has changed; `test/server/fuzz/corpus.test.ts` replays it.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { seeded } from './mutate.ts'
import { READINGS } from './readings.ts'

const FOLDER = join(import.meta.dirname, '../fixtures/fuzz')
const INPUTS = 40_000
const SEED = 1121
/** Longer ones say nothing that shorter ones do not. */
const MAX_LENGTH = 700

mkdirSync(FOLDER, { recursive: true })
for (const [name, { hostile, read }] of Object.entries(READINGS)) {
  const random = seeded(SEED)
  const shortest = new Map<string, Buffer>()
  for (let n = 0; n < INPUTS; n++) {
    const input = hostile(random)
    const words = read(input)
    const known = shortest.get(words)
    if (input.length <= MAX_LENGTH && (!known || input.length < known.length)) shortest.set(words, input)
  }
  const lines = [...shortest].map(([words, input]) => `${words} | ${input.toString('hex')}\n`).toSorted()
  writeFileSync(
    join(FOLDER, `${name}.txt`),
    [`# ${INPUTS} inputs, seed ${SEED}; made by test/fuzz/corpus.ts\n`, ...lines].join(''),
  )
  console.error(`${name}: ${lines.length} inputs`)
}
