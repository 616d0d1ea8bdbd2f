// Kernel arguments of the deployed system, in the order that bootc gives them (ostree-container-deploy 1.7).
import { parse as parseToml } from 'smol-toml'
import { z } from 'zod'
import { AgentError } from '../errors.ts'

/** Landfall's names of architectures to those in `match-architectures` (Rust's). */
const RUST_ARCHITECTURES: Record<string, string> = { amd64: 'x86_64', arm64: 'aarch64' }

export interface TomlFile {
  name: string
  text: string
}

export interface KernelArgumentSources {
  architecture: string
  /** What makes the root appear: `rd.md.uuid=...`. */
  storage: readonly string[]
  rootUuid: string
  rootFlags: readonly string[]
  /** Undefined when /boot is a folder of root. */
  bootUuid: string | undefined
  /** Files of /usr/lib/bootc/install. */
  installConfig: readonly TomlFile[]
  /** Files of /usr/lib/bootc/kargs.d. */
  kargsD: readonly TomlFile[]
  consoles: readonly string[]
  /** What the spec asks for, last. */
  own: readonly string[]
}

/** Exact duplicates are dropped, first one kept. `ostree=` is not among them; libostree appends it. */
export function kernelArguments(sources: KernelArgumentSources): string[] {
  const { architecture, storage, rootUuid, rootFlags, bootUuid, consoles, own } = sources
  const install = byName(sources.installConfig)
    .map((file) => parse(InstallConfig, file).install)
    .filter((config) => matches(config, architecture))
  const image = byName(sources.kargsD)
    .map((file) => parse(KargsD, file))
    .filter((config) => matches(config, architecture))
  const deletions = install.flatMap((config) => config['karg-deletes'] ?? [])
  const kept = [
    ...storage,
    `root=UUID=${rootUuid}`,
    ...rootFlags,
    'rw',
    ...(bootUuid === undefined ? [] : [`boot=UUID=${bootUuid}`]),
    ...install.flatMap((config) => config.kargs ?? []),
    ...image.flatMap((config) => config.kargs ?? []),
  ].filter((argument) => !deletions.some((deletion) => deletes(deletion, argument)))
  return [...new Set([...kept, ...consoles.map((console) => `console=${console}`), ...own])]
}

/** `k=v` removes that one argument, `k` all with that key. */
function deletes(deletion: string, argument: string): boolean {
  return deletion === argument || (!deletion.includes('=') && argument.startsWith(`${deletion}=`))
}

const Arguments = z.array(z.string())
const Architectures = z.array(z.string()).optional()
/** Unknown keys are errors, as in bootc: an argument silently left out is worse. */
const KargsD = z.strictObject({ kargs: Arguments.optional(), 'match-architectures': Architectures })
/** The rest of the install configuration steers `bootc install`, which does not run here. */
const InstallConfig = z.looseObject({
  install: z
    .looseObject({
      kargs: Arguments.optional(),
      'karg-deletes': Arguments.optional(),
      'match-architectures': Architectures,
    })
    .prefault({}),
})

function matches(config: { 'match-architectures'?: string[] | undefined }, architecture: string): boolean {
  return config['match-architectures']?.includes(RUST_ARCHITECTURES[architecture] ?? architecture) ?? true
}

function byName(files: readonly TomlFile[]): TomlFile[] {
  return files
    .filter(({ name }) => name.endsWith('.toml'))
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
}

function parse<T>(schema: z.ZodType<T>, { name, text }: TomlFile): T {
  try {
    return schema.parse(parseToml(text))
  } catch (cause) {
    const detail =
      cause instanceof z.ZodError
        ? cause.issues.map((issue) => [...issue.path, issue.message].join(': ')).join('; ')
        : (cause as Error).message
    throw new AgentError('IMAGE_INVALID', `reading ${name} of the image: ${detail}`, { cause })
  }
}
