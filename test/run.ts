// `npm test`: prepares this host, builds what tests need, runs the layers from fast to real, and says what came of it.
import { execFile, spawn } from 'node:child_process'
import { readdir, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { buildBootAssets } from '../boot-assets/build.ts'
import { qemuPackage } from '../boot-assets/qemu/package.ts'
import { prepareHost } from './host-setup.ts'
import { installPykickstart } from './interop/pykickstart.ts'
import { buildDemoImages } from './images/demo-image.ts'
import { OUTCOMES_VARIABLE, readOutcomes } from './outcomes.ts'
import type { Outcome } from './outcomes.ts'

const USAGE = `usage: npm test [-- [--layer LAYER]... [--keep-going] [--budget MINUTES] [PART OF A FILE NAME]...]
  --layer unit|interop|vm   only these layers
  --keep-going              run later layers although one failed
  --budget MINUTES          start no file of whole-machine tests after that time; 60 by default, 0 is no limit`

const LAYERS = ['unit', 'interop', 'vm'] as const
type Layer = (typeof LAYERS)[number]

/** What a layer does, for the headings. */
const TITLES: Record<Layer, string> = {
  unit: 'unit tests',
  interop: 'real clients and programs',
  vm: 'whole machines and a browser',
}

/** Files of whole-machine tests, what tells most first. */
const MACHINES = [
  'life',
  'netboot',
  'bios',
  'web',
  'secure-boot',
  'refusals',
  'ipv6',
  'volumes',
  'mirror',
  'kept',
  'upgrade',
  'configure',
  'sealed',
  'stick',
  'cd',
  'fleet',
  'anaconda',
  'lab',
  'memory',
  'disk-image',
  'arm64',
  'large',
]

/** Minutes; together with the longest file they stay well below an hour and a half. */
const BUDGET = 60

interface LayerResult {
  layer: Layer
  passed: boolean
  seconds: number
  outcomes: Outcome[]
}

const project = resolve(import.meta.dirname, '..')
const started = performance.now()

function say(line: string): void {
  console.log(`${seconds(started).toFixed(1).padStart(7)} s  ${line}`)
}

function seconds(since: number): number {
  return (performance.now() - since) / 1000
}

/** Everything that several tests share; cached by content, so that only the first run takes long. */
async function prepare(layers: readonly Layer[]): Promise<void> {
  if (layers.every((layer) => layer === 'unit')) return
  if (process.getuid?.() !== 0) {
    say('not root: tests of real clients and machines will be skipped, and nothing is built or installed for them')
    return
  }
  await prepareHost(say, 'tests')
  await buildBootAssets({ log: say })
  await buildDemoImages({ log: say })
  if (layers.includes('vm')) await qemuPackage(say)
  if (layers.includes('interop')) await installPykickstart(say)
  // Gigabytes that wait to be written hold up every file operation of the tests.
  say('letting what was built reach the disk')
  await promisify(execFile)('sync')
  say('prepared')
}

/**
 * Runs the files of whole-machine tests one after the other, those that tell most first. On a slow host the last ones are left out, by name:
 * a run that ends tells more than one that is cut off.
 */
async function runMachines(filters: readonly string[], budgetMinutes: number): Promise<LayerResult> {
  const began = performance.now()
  const outcomes: Outcome[] = []
  let passed = true
  for (const file of await machineFiles(filters)) {
    if (budgetMinutes > 0 && seconds(started) > budgetMinutes * 60) {
      const name = /([^/]+)\.test\.ts$/.exec(file)![1]!
      const note = `no time was left (${budgetMinutes} min); \`npm test -- --layer vm ${name}\` runs it`
      outcomes.push({ file, name: `all of ${file}`, state: 'skipped', seconds: 0, note })
      continue
    }
    const result = await runLayer('vm', [file])
    passed &&= result.passed
    outcomes.push(...result.outcomes)
  }
  return { layer: 'vm', passed, seconds: seconds(began), outcomes }
}

async function machineFiles(filters: readonly string[]): Promise<string[]> {
  const rank = (file: string) => {
    const at = MACHINES.findIndex((name) => file.endsWith(`/${name}.test.ts`))
    return at < 0 ? MACHINES.length : at
  }
  const all = (await readdir(join(project, 'test/e2e'))).filter((name) => name.endsWith('.test.ts'))
  return all
    .map((name) => `test/e2e/${name}`)
    .filter((file) => filters.length === 0 || filters.some((filter) => file.includes(filter)))
    .toSorted((a, b) => rank(a) - rank(b))
}

async function runLayer(layer: Layer, filters: readonly string[]): Promise<LayerResult> {
  console.log(`\n=== ${layer}: ${TITLES[layer]}`)
  const file = join(project, 'dist/test', `${layer}.json`)
  await rm(file, { force: true })
  const began = performance.now()
  const vitest = join(project, 'node_modules/vitest/vitest.mjs')
  const reporters = ['--reporter=default', `--reporter=${join(project, 'test/outcomes.ts')}`]
  // Filters may concern one layer only.
  const args = [
    vitest,
    'run',
    '--project',
    layer,
    ...reporters,
    ...(filters.length > 0 ? ['--passWithNoTests'] : []),
    ...filters,
  ]
  const code = await run(args, { [OUTCOMES_VARIABLE]: file })
  return { layer, passed: code === 0, seconds: seconds(began), outcomes: readOutcomes(file) }
}

/** Runs Node in a process group of its own terminal's making: an interrupt reaches it as it reaches us, and we wait for its cleaning up. */
function run(args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  return new Promise((done) => {
    const child = spawn(process.execPath, args, { cwd: project, stdio: 'inherit', env: { ...process.env, ...env } })
    const forward = (signal: NodeJS.Signals) => void child.kill(signal)
    process.on('SIGTERM', forward).on('SIGINT', ignore)
    child.on('close', (code) => {
      process.off('SIGTERM', forward).off('SIGINT', ignore)
      done(code ?? 1)
    })
  })
}

function ignore(): void {}

function summarise(results: readonly LayerResult[], left: readonly Layer[]): void {
  console.log('\n=== summary')
  for (const { layer, passed, seconds: time, outcomes } of results) {
    const count = (state: Outcome['state']) => outcomes.filter((outcome) => outcome.state === state).length
    const counts = `${count('passed')} passed, ${count('failed')} failed, ${count('skipped')} skipped`
    console.log(`${passed ? 'ok    ' : 'FAILED'} ${layer.padEnd(8)} ${time.toFixed(0).padStart(5)} s  ${counts}`)
  }
  for (const layer of left) console.log(`not run ${layer}, because a layer before it failed`)
  const all = results.flatMap(({ outcomes }) => outcomes)
  const machines = results.find(({ layer }) => layer === 'vm')?.outcomes ?? []
  if (machines.length > 0) console.log('\nwhole machines')
  for (const { state, name, seconds: time } of machines) {
    console.log(`  ${state.padEnd(7)} ${time.toFixed(0).padStart(4)} s  ${name}`)
  }
  list('failed', all, ({ file, name }) => `${file}: ${name}`)
  list('skipped', all, ({ name, note }) => `${name}: ${note ?? 'no reason given'}`)
}

function list(state: Outcome['state'], outcomes: readonly Outcome[], text: (outcome: Outcome) => string): void {
  const lines = outcomes.filter((outcome) => outcome.state === state).map(text)
  if (lines.length > 0) console.log(`\n${state}\n${lines.map((line) => `  ${line}`).join('\n')}`)
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      layer: { type: 'string', multiple: true },
      'keep-going': { type: 'boolean', default: false },
      budget: { type: 'string', default: String(BUDGET) },
      help: { type: 'boolean', short: 'h' },
    },
  })
  const unknown = (values.layer ?? []).filter((name) => !(LAYERS as readonly string[]).includes(name))
  if (values.help || unknown.length > 0) {
    console.log(unknown.length > 0 ? `there is no layer ${unknown.join(', ')}\n${USAGE}` : USAGE)
    return unknown.length > 0 ? 2 : 0
  }
  const budget = Number(values.budget)
  if (!(budget >= 0)) {
    console.log(`--budget ${values.budget} is no number of minutes\n${USAGE}`)
    return 2
  }
  const layers = LAYERS.filter((layer) => values.layer?.includes(layer) ?? true)
  await prepare(layers)
  const results: LayerResult[] = []
  for (const layer of layers) {
    const result = await (layer === 'vm' ? runMachines(positionals, budget) : runLayer(layer, positionals))
    results.push(result)
    if (!result.passed && !values['keep-going']) break
  }
  summarise(results, layers.slice(results.length))
  return results.length === layers.length && results.every(({ passed }) => passed) ? 0 : 1
}

try {
  process.exitCode = await main()
} catch (error) {
  console.error(`npm test: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
}
