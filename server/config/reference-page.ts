// docs/reference/configuration.md, from the same list of settings as everything else.
import { markdownTable } from './markdown-table.ts'
import { settings } from './settings.ts'
import type { Setting } from './settings.ts'

const HEAD = `# Configuration

<!-- Made from server/config/schema.ts by server/config/reference-page.ts; \`vitest run test/server/config -u\` writes it anew. -->

\`\`\`toml
# landfall.toml
[dhcp]
mode = "server"
interface = "eth1"

[dhcp.subnet]
cidr = "10.77.0.0/24"
pool = ["10.77.0.100-10.77.0.199"]
router = "10.77.0.1"
\`\`\`

Settings come from, each overriding those before:

1. the file: \`--config FILE\`, else \`LANDFALL_CONFIG\`, else \`./landfall.toml\`, else (as root) \`/etc/landfall/landfall.toml\`;
2. its drop-ins, \`landfall.toml.d/*.toml\` beside it, in the order of their names;
3. the environment;
4. flags of \`landfall serve\`.

Where none of them sets \`dhcp\`, \`network.toml\` in \`dataDir\` does, which the [first set-up](../how-to/first-start.md) writes.

A key, variable or flag that does not exist is an error, and so is a value that cannot be right: the message names the file and line, the
variable or the flag. Lists are written \`a,b\` in the environment and in flags, or as a JSON list where a value has a comma itself.
`

/** The whole page, as prettier would format it. */
export function referencePage(): string {
  const groups = new Map<string, Setting[]>()
  for (const setting of settings) {
    const group = setting.path.split('.').slice(0, -1).join('.')
    groups.set(group, [...(groups.get(group) ?? []), setting])
  }
  const sections = [...groups].map(
    ([group, members]) => `\n## ${group === '' ? 'General' : `\`[${group}]\``}\n\n${table(members)}`,
  )
  return HEAD + sections.join('')
}

function table(members: readonly Setting[]): string {
  return markdownTable([
    ['setting', 'means', 'default', 'variable and flag'],
    ...members.map(({ path, description, defaultText, placeholder, variable, flag }) => [
      `\`${path}\``,
      `${description}${placeholder.includes('|') ? ` (${placeholder.replaceAll('|', ', ')})` : ''}`,
      defaultText,
      `\`${variable}\`, \`${flag}\``,
    ]),
  ])
}
