// From what is wanted of a machine to the kickstart that makes it so.
import type { KickstartRelease } from '../contract/kickstart-release.ts'
import type { Templates } from '../render/templates.ts'
import { checkKickstart } from './check.ts'
import { KickstartError } from './errors.ts'
import type { KickstartProblem } from './errors.ts'
import { dependsOnFirmware, linesFor } from './firmware-lines.ts'
import { kickstartParts } from './variables.ts'
import type { FileOfPre, KickstartInput } from './variables.ts'

export interface RenderedKickstart {
  text: string
  /** Contents of the files that `%pre` fetches over TLS, by name, besides `confirm.env`, which is made when it is asked for. */
  secrets: ReadonlyMap<string, string>
}

/**
 * Renders the spec's template and checks the outcome. With a server, no secret but the install token is in the text, which travels over
 * plain HTTP. The same input gives the same text. Throws KickstartError, and RenderError of the template.
 */
export function renderKickstart(templates: Templates, input: KickstartInput): RenderedKickstart {
  const { variables, includes, secrets } = kickstartParts(input)
  const text = templates.render(`kickstart/${input.spec.kickstart.template}.ks`, variables)
  requireSound(text, input.release, includes)
  return { text, secrets: new Map(secrets.map(({ name, text: contents }) => [name, contents])) }
}

function requireSound(text: string, release: KickstartRelease, includes: readonly FileOfPre[]): void {
  const problems = problemsOf(text, release, includes)
  const [first] = problems
  if (!first) return
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : ''
  throw new KickstartError(
    'KICKSTART_INVALID',
    `the kickstart for ${release} is wrong in line ${first.line}: ${first.message}${more}`,
    {
      problems,
      hint: '`landfall render kickstart` shows it whole',
    },
  )
}

/** As every machine that may ask for it would read it: where lines are for one kind of firmware only, as both kinds do. */
function problemsOf(text: string, release: KickstartRelease, includes: readonly FileOfPre[]): KickstartProblem[] {
  const mixed = includes.some(({ text: contents }) => dependsOnFirmware(contents))
  const problems = (mixed ? (['uefi', 'bios'] as const) : (['uefi'] as const)).flatMap((firmware) =>
    checkKickstart(text, {
      release,
      includes: Object.fromEntries(includes.map(({ path, text: contents }) => [path, linesFor(firmware, contents)])),
    }),
  )
  // What is wrong for both is one problem.
  return [...new Map(problems.map((problem) => [`${problem.line} ${problem.message}`, problem])).values()]
}
