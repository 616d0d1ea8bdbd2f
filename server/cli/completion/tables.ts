// What shells need to know of the commands, as functions that bash and zsh both understand. $1 is a command's path, without `landfall`.
import { allNodes } from '../tree.ts'
import type { CommandNode } from '../tree.ts'

/** Arguments of these names are completed by what the command prints. */
export const LISTS: Readonly<Record<string, string>> = {
  machine: 'machine list -o name',
  image: 'image list -o name',
  profile: 'profile list -o name',
}

/** One case per command; a command without words has none. */
function shellFunction(name: string, cases: readonly (readonly [pattern: string, action: string])[]): string {
  const lines = cases.map(([pattern, action]) => `    ${pattern}) ${action} ;;`)
  return [`${name}() {`, '  case $1 in', ...lines, '    *) return 1 ;;', '  esac', '}'].join('\n')
}

export function shellTables(root: CommandNode): string {
  const nodes = allNodes(root)
  const children = nodes.flatMap(({ path, commands }) =>
    commands.flatMap((child) =>
      [child.path.at(-1)!, ...child.aliases].map(
        (name) => [quoted([...path, name].join(' ')), `REPLY=${quoted(child.path.join(' '))}`] as const,
      ),
    ),
  )
  const words = nodes
    .filter(({ commands }) => commands.length > 0)
    .map(({ path, commands }) => [quoted(path.join(' ')), print(commands.map((child) => child.path.at(-1)!))] as const)
  const options = nodes
    .filter((node) => node.options.length > 0)
    .map((node) => [quoted(node.path.join(' ')), print(node.options.map(({ names }) => names.at(-1)!))] as const)
  const values = nodes.flatMap(({ path, options }) =>
    options
      .filter(({ takesValue }) => takesValue)
      .map(
        ({ names, choices }) =>
          [
            names.map((name) => quoted([...path, name].join(' '))).join('|'),
            choices.length > 0 ? print(choices) : ':',
          ] as const,
      ),
  )
  const lists = nodes.flatMap(({ path, arguments: args }) => {
    const actions = args.flatMap(({ name, choices }) => {
      if (choices.length > 0) return [print(choices)]
      return LISTS[name] === undefined ? [] : [`command landfall ${LISTS[name]} 2>/dev/null`]
    })
    return actions.length === 0 ? [] : [[quoted(path.join(' ')), actions[0]!] as const]
  })
  return [
    `# Where a word leads to from a path: '$1' is both.\n${shellFunction('_landfall_child', children)}`,
    `# The commands below a path.\n${shellFunction('_landfall_commands', words)}`,
    `# The options of a path.\n${shellFunction('_landfall_options', options)}`,
    `# The values that an option takes, if it takes any: '$1' is path and option.\n${shellFunction('_landfall_values', values)}`,
    `# What a path's arguments may be.\n${shellFunction('_landfall_arguments', lists)}`,
  ].join('\n\n')
}

function print(words: readonly string[]): string {
  return `printf '%s\\n' ${words.map(quoted).join(' ')}`
}

function quoted(text: string): string {
  return /^[\w-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`
}
