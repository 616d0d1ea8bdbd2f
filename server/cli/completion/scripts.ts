// Completion for bash, zsh and fish, made from the commands.
import { allNodes } from '../tree.ts'
import type { CommandNode, OptionNode } from '../tree.ts'
import { LISTS, shellTables } from './tables.ts'

export const SHELLS = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof SHELLS)[number]

/** A script that the shell reads at its start. */
export function completionScript(shell: Shell, root: CommandNode): string {
  switch (shell) {
    case 'bash':
      return `${head('bash', 'source <(landfall completion bash)')}\n\n${shellTables(root)}\n\n${WALK}\n\n${BASH}\n`
    case 'zsh':
      return `#compdef landfall\n${head('zsh', 'source <(landfall completion zsh)')}\n\n${shellTables(root)}\n\n${WALK}\n\n${ZSH}\n`
    case 'fish':
      return `${head('fish', 'landfall completion fish | source')}\n\n${fishLines(root).join('\n')}\n`
  }
}

function head(shell: Shell, use: string): string {
  return `# Completion of landfall for ${shell}, made by \`landfall completion ${shell}\`; in the shell's start-up file: ${use}`
}

/** Candidates for the last of the words, the first being the program, one a line. */
const WALK = `_landfall_candidates() {
  local at='' value='' word REPLY
  shift
  while [ $# -gt 1 ]; do
    word=$1
    shift
    value=''
    case $word in
      -*)
        if _landfall_values "\${at:+$at }$word" >/dev/null || _landfall_values "$word" >/dev/null; then
          value=$word
          if [ $# -gt 1 ]; then
            shift
            value=''
          fi
        fi
        ;;
      *) if _landfall_child "\${at:+$at }$word"; then at=$REPLY; fi ;;
    esac
  done
  if [ -n "$value" ]; then
    _landfall_values "\${at:+$at }$value" || _landfall_values "$value"
    return
  fi
  case $1 in
    -*)
      _landfall_options "$at"
      [ -n "$at" ] && _landfall_options ''
      printf '%s\\n' --help
      ;;
    *) _landfall_commands "$at" || _landfall_arguments "$at" ;;
  esac
}`

/** Cut at blanks only: bash cuts words at colons too, which image names have. */
const BASH = `_landfall() {
  local line=\${COMP_LINE:0:COMP_POINT} words current prefix candidate
  read -ra words <<<"$line"
  case $line in *[[:space:]]) words+=('') ;; esac
  current=\${words[\${#words[@]}-1]}
  prefix=\${current%"\${current##*[:=]}"}
  COMPREPLY=()
  while IFS= read -r candidate; do
    case $candidate in "$current"*) COMPREPLY+=("\${candidate#"$prefix"}") ;; esac
  done < <(_landfall_candidates "\${words[@]}")
  # Without candidates of ours, files.
  [ \${#COMPREPLY[@]} -gt 0 ] || compopt -o default 2>/dev/null || true
}
complete -F _landfall landfall`

const ZSH = `_landfall() {
  local -a candidates
  candidates=("\${(@f)$(_landfall_candidates "\${(@)words[1,CURRENT]}")}")
  candidates=(\${candidates:#})
  if [ \${#candidates} -gt 0 ]; then compadd -a candidates; else _files; fi
}
compdef _landfall landfall`

const FISH_PATH = `function __landfall_at
    set -l path
    for word in (commandline -opc)[2..]
        switch "$path $word"
            case $__landfall_paths
                set path (string trim -- "$path $word")
        end
    end
    test "$path" = "$argv"
end`

function fishLines(root: CommandNode): string[] {
  const nodes = allNodes(root)
  const paths = nodes.flatMap(({ path }) =>
    path.length === 0 ? [] : [fishQuoted(`${path.length === 1 ? ' ' : ''}${path.join(' ')}`)],
  )
  return [
    `set -g __landfall_paths ${paths.join(' ')}`,
    FISH_PATH,
    ...nodes.flatMap((node) => {
      const at = `complete -c landfall -n ${fishQuoted(`__landfall_at ${fishQuoted(node.path.join(' '))}`)}`
      return [
        ...node.commands.map((child) => `${at} -f -a ${child.path.at(-1)} -d ${fishQuoted(child.description)}`),
        ...node.arguments.flatMap(({ name, choices }) => {
          if (choices.length > 0) return [`${at} -f -a ${fishQuoted(choices.join(' '))}`]
          const list = LISTS[name]
          return list === undefined ? [] : [`${at} -f -a ${fishQuoted(`(command landfall ${list} 2>/dev/null)`)}`]
        }),
        ...node.options.map(
          (option) => `${node.path.length === 0 ? 'complete -c landfall' : at} ${fishOption(option)}`,
        ),
      ]
    }),
  ]
}

function fishOption({ names, takesValue, choices, description }: OptionNode): string {
  return [
    ...names.map((name) => (name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`)),
    ...(takesValue ? ['-r'] : []),
    ...(choices.length > 0 ? [`-f -a ${fishQuoted(choices.join(' '))}`] : []),
    `-d ${fishQuoted(description)}`,
  ].join(' ')
}

function fishQuoted(text: string): string {
  return `'${text.replaceAll('\\', String.raw`\\`).replaceAll("'", String.raw`\'`)}'`
}
