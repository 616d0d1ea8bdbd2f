// `landfall completion`, `landfall man`: what shells and manuals know of the commands, made from the commands themselves.
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Argument } from 'commander'
import type { Command } from 'commander'
import { SHELLS, completionScript } from '../completion/scripts.ts'
import type { Shell } from '../completion/scripts.ts'
import { CliError } from '../errors.ts'
import { manPages } from '../man.ts'
import { printRows } from '../output.ts'
import { commandTree } from '../tree.ts'
import type { CommonOptions } from './context.ts'

export function addCompletionCommands(program: Command, version: string): void {
  program
    .command('completion')
    .description('a script that completes commands, options and names in the shell: source <(landfall completion bash)')
    .addArgument(new Argument('<shell>', 'which shell').choices(SHELLS))
    .action((shell: Shell) => console.log(completionScript(shell, commandTree(program)).trimEnd()))

  program
    .command('man')
    .description('manual pages: one on standard output, for `man -l -`, or all into a folder')
    .argument('[command]', 'whose page: machine, image, ...')
    .option('--out <folder>', 'write all pages there, as packages want them')
    .action(async (name: string | undefined, { out }: { out?: string }, command: Command) => {
      const pages = manPages(commandTree(program), version)
      if (out !== undefined) {
        await mkdir(out, { recursive: true })
        for (const page of pages) {
          const file = join(out, page.name)
          await writeFile(`${file}.part`, page.text)
          await rename(`${file}.part`, file)
        }
        const files = pages.map((page) => ({ file: join(out, page.name) }))
        return printRows(command.optsWithGlobals<CommonOptions>().output, files, [
          { title: 'FILE', value: ({ file }) => file },
        ])
      }
      const wanted = name === undefined ? 'landfall.1' : `landfall-${name}.1`
      const page = pages.find((one) => one.name === wanted)
      if (!page)
        throw new CliError(`there is no command ${name}`, { exitCode: 2, hint: '`landfall --help` names them' })
      process.stdout.write(page.text)
    })
}
