// The commands as data: what completion, man pages and the reference are made from.
import type { Argument, Command, Option } from 'commander'

export interface CommandNode {
  /** Names from the root on, without `landfall`: `['image', 'pull']`. */
  path: string[]
  description: string
  aliases: string[]
  arguments: ArgumentNode[]
  options: OptionNode[]
  commands: CommandNode[]
}

interface ArgumentNode {
  name: string
  /** As it is written: `<image>`, `[machine...]`. */
  written: string
  choices: readonly string[]
  description: string
}

export interface OptionNode {
  /** `-o, --output <format>` */
  flags: string
  /** `-o` and `--output`. */
  names: string[]
  takesValue: boolean
  choices: readonly string[]
  description: string
  required: boolean
}

/** The command with all below it. */
export function commandTree(command: Command, path: string[] = []): CommandNode {
  return {
    path,
    description: command.description(),
    aliases: command.aliases(),
    arguments: command.registeredArguments.map(argumentNode),
    options: command.options.filter(({ hidden }) => !hidden).map(optionNode),
    commands: command.commands.map((child) => commandTree(child, [...path, child.name()])),
  }
}

/** The node itself and all below it, each before its children. */
export function allNodes(node: CommandNode): CommandNode[] {
  return [node, ...node.commands.flatMap(allNodes)]
}

/** How it is called: `landfall image pull [options] <reference>`. */
export function usageOf({ path, options, commands, arguments: args }: CommandNode): string {
  return [
    'landfall',
    ...path,
    ...options.filter(({ required }) => required).map(({ flags }) => flags.replace(/^-\w, /, '')),
    ...(options.some(({ required }) => !required) ? ['[options]'] : []),
    ...(commands.length > 0 ? ['<command>'] : args.map(({ written }) => written)),
  ].join(' ')
}

function argumentNode(argument: Argument): ArgumentNode {
  const name = argument.name()
  const inner = argument.variadic ? `${name}...` : name
  return {
    name,
    written: argument.required ? `<${inner}>` : `[${inner}]`,
    choices: argument.argChoices ?? [],
    description: argument.description,
  }
}

function optionNode({
  flags,
  short,
  long,
  required,
  optional,
  argChoices,
  description,
  defaultValue,
  mandatory,
}: Option): OptionNode {
  const usual = typeof defaultValue === 'string' ? ` (default: ${defaultValue})` : ''
  return {
    flags,
    names: [short, long].filter((name) => name !== undefined),
    takesValue: required || optional,
    choices: argChoices ?? [],
    description: description + usual,
    required: mandatory && defaultValue === undefined,
  }
}
