// Options by which machines and profiles are configured, and the spec they add up to.
import type { Command } from 'commander'
import type { AppliedBlueprint, NotApplied } from '../blueprint/outcome.ts'
import type { PartialSpec } from '../contract/spec.ts'
import { overlaySpec } from '../core/merge-spec.ts'
import { CliError } from './errors.ts'

export interface SpecOptions {
  blueprint?: string
  strict?: boolean
  spec?: string
}

export function addSpecOptions(command: Command): Command {
  return command
    .option('--blueprint <file>', 'config.toml or config.json as of bootc-image-builder')
    .option('--strict', 'refuse a blueprint with keys that cannot be applied, instead of naming them')
    .option('--spec <json>', 'parts of the spec as JSON; wins over the blueprint')
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

/** The server checks the values; here only JSON that isn't any is refused. */
export function parseSpec(text: string | undefined): PartialSpec {
  if (text === undefined) return {}
  try {
    return JSON.parse(text) as PartialSpec
  } catch (cause) {
    throw new CliError(`--spec is not JSON: ${(cause as Error).message}`, { exitCode: 2, cause })
  }
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
