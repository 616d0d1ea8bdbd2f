#!/usr/bin/env -S node --max-semi-space-size=2
// Starts the command line from compiled code where there is any: without it, Node keeps the compiler that strips types in memory for as
// long as the process runs (docs/decisions/0005). JavaScript, because this file must not need that compiler itself.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import module from 'node:module'
import { homedir } from 'node:os'
import { join } from 'node:path'

const server = join(import.meta.dirname, '..')
const { LANDFALL_CACHE, XDG_CACHE_HOME } = process.env
const cache = join(LANDFALL_CACHE || join(XDG_CACHE_HOME || join(homedir(), '.cache'), 'landfall'), 'compiled')

if (Number(process.versions.node.split('.')[0]) < 24) {
  console.error(`landfall: needs Node 24, this is ${process.version}`)
  console.error('  `npm ci` brings it, and npm scripts find it: npm run landfall -- ...')
  process.exit(2)
}
module.enableCompileCache(cache)
// A server runs for months: it is worth a second to compile in another process first. Other commands end before that matters.
if (process.argv[2] === 'serve') compileFirst()
await import('./landfall.ts')

function compileFirst() {
  try {
    const done = join(cache, `${process.version}-${newestSource()}`)
    if (existsSync(done)) return
    // Every module that a server loads: one that is missing here would bring the compiler in after all.
    const modules = ['main.ts', 'observe/logger.ts', 'privileges/leave-root.ts', 'cli/landfall.ts'].map((name) =>
      JSON.stringify(join(server, name)),
    )
    const program = `process.argv = ['node', 'landfall', '--version']; for (const name of [${modules}]) await import(name)`
    const env = { ...process.env, NODE_COMPILE_CACHE: cache }
    const { status } = spawnSync(process.execPath, ['--input-type=module', '-e', program], { env, stdio: 'ignore' })
    mkdirSync(cache, { recursive: true })
    if (status === 0) writeFileSync(done, '')
  } catch {
    // A cache that cannot be written costs memory, nothing else.
  }
}

/** When the newest source changed, milliseconds since the epoch. */
function newestSource() {
  const entries = readdirSync(server, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  return Math.max(...entries.map(({ parentPath, name }) => statSync(join(parentPath, name)).mtimeMs))
}
