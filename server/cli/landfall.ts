#!/usr/bin/env node
// Entry point of the `landfall` command: parses, runs, turns errors into a line and an exit code.
import { readFileSync } from 'node:fs'
import { CommanderError } from 'commander'
import { CliError } from './errors.ts'
import { landfallProgram } from './program.ts'

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string
}

try {
  await landfallProgram(version).parseAsync()
} catch (error) {
  process.exitCode = report(error)
}

function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
  const hint = (error as { hint?: unknown }).hint
  const code = (error as { code?: unknown }).code
  const message = error instanceof Error ? error.message : String(error)
  console.error(`landfall: ${message}${typeof code === 'string' ? ` (${code})` : ''}`)
  if (typeof hint === 'string') console.error(`  ${hint}`)
  if (process.env['LANDFALL_DEBUG'] && error instanceof Error) console.error(error.stack)
  return error instanceof CliError ? error.exitCode : 1
}
