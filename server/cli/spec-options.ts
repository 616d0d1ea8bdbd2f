// Options by which machines and profiles are configured, and the spec they add up to.
import { readFileSync, statSync } from 'node:fs'
import type { Command } from 'commander'
import type { AppliedBlueprint, NotApplied } from '../blueprint/outcome.ts'
import type { PartialSpec } from '../contract/spec.ts'
import { overlaySpec } from '../core/merge-spec.ts'
import { CliError } from './errors.ts'

/** What the server takes. */
const MAX_SPEC_BYTES = 2 ** 20

export interface SpecOptions {
  blueprint?: string
  strict?: boolean
  spec?: string
}

export function addSpecOptions(command: Command): Command {
  return command
    .option('--blueprint <file>', 'config.toml or config.json as of bootc-image-builder')
    .option('--strict', 'refuse a blueprint with keys that cannot be applied, instead of naming them')
    .option('--spec <json>', 'parts of the spec as JSON, or as @FILE with it; wins over the blueprint')
}

/** The spec with what the options set, value by value; undefined when they set nothing. Throws BlueprintError, CliError. */
export async function specWith(
  before: PartialSpec,
  { blueprint, strict = false, spec }: SpecOptions,
): Promise<{ spec: PartialSpec; notApplied: NotApplied[] } | undefined> {
  if (blueprint === undefined && spec === undefined) return undefined
  const applied = blueprint === undefined ? undefined : await applyFile(blueprint, strict)
  const changed = overlaySpec(overlaySpec(before, applied?.spec ?? {}), parseSpec(spec))
  return { spec: changed, notApplied: applied?.notApplied ?? [] }
}

/** Loaded when wanted: every command would carry the format's whole schema otherwise. */
async function applyFile(file: string, strict: boolean): Promise<AppliedBlueprint> {
  const { blueprintFile } = await import('./blueprint-file.ts')
  return blueprintFile(file, { target: 'machine', strict })
}

/**
 * JSON as it is, or `@FILE` with it: what holds secrets or files has no place in a list of processes. The server checks the values; here
 * only JSON that isn't any is refused.
 */
export function parseSpec(text: string | undefined): PartialSpec {
  if (text === undefined) return {}
  const file = text.startsWith('@') ? text.slice(1) : undefined
  try {
    return JSON.parse(file === undefined ? text : readSpecFile(file)) as PartialSpec
  } catch (cause) {
    if (cause instanceof CliError) throw cause
    throw new CliError(`--spec${file === undefined ? '' : ` ${file}`} is not JSON: ${(cause as Error).message}`, {
      exitCode: 2,
      cause,
    })
  }
}

function readSpecFile(file: string): string {
  try {
    if (statSync(file).size <= MAX_SPEC_BYTES) return readFileSync(file, 'utf8')
  } catch (cause) {
    throw new CliError(`reading ${file}: ${(cause as Error).message}`, { exitCode: 2, cause })
  }
  throw new CliError(`${file} is larger than ${MAX_SPEC_BYTES} bytes: no spec is`, { exitCode: 2 })
}

/** `rack=r12 role=db` */
export function parseLabels(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(pairs.map(parsePair))
}

function parsePair(text: string): [string, string] {
  const equals = text.indexOf('=')
  if (equals < 1) throw new CliError(`label ${text}: want key=value`, { exitCode: 2 })
  return [text.slice(0, equals), text.slice(equals + 1)]
}

/** `rack=r12,role=db` */
export function formatLabels(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(',')
}
