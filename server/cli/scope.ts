// Scopes on the command line: `--scope rack=r1 --scope row=2`.
import { Option } from 'commander'
import type { Scope } from '../contract/access.ts'
import { collect } from './filter-options.ts'
import { formatLabels, parseLabels } from './spec-options.ts'

export function scopeOption(): Option {
  return new Option('--scope <label>', 'only machines with the label key=value; all of several').argParser(collect)
}

/** What a request says of the scope that was given; nothing where none was. Throws CliError 2. */
export function scopeOf(given: readonly string[] | undefined): { scope?: Scope } {
  return given ? { scope: parseLabels(given) } : {}
}

/** `rack=r1,row=2`, or what its absence means. */
export function formatScope(scope: Scope | null): string {
  return scope === null ? 'everything' : formatLabels(scope)
}
