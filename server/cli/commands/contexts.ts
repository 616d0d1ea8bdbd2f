// `landfall context`: which server the commands that follow talk to.
import type { Command } from 'commander'
import {
  LOCAL,
  chosenContext,
  readContexts,
  removeContext,
  requireContext,
  saveContext,
  useContext,
} from '../contexts.ts'
import { printObject, printRows } from '../output.ts'
import { readPassword } from '../password.ts'
import { serverOf } from './login.ts'
import type { CommonOptions } from './context.ts'

export function addContextCommands(program: Command): void {
  const context = program
    .command('context')
    .description('servers by name; `--context NAME` or LANDFALL_CONTEXT chooses one for a single command')

  context
    .command('list')
    .alias('ls')
    .description('servers that are known here; `*` marks the one that counts')
    .action((_: unknown, command: Command) => {
      const { output } = command.optsWithGlobals<CommonOptions>()
      const { current, contexts } = readContexts(process.env)
      // Secrets stay in the file.
      const rows = Object.entries(contexts).map(([name, { url }]) => ({ name, url, current: name === current }))
      printRows(output, rows, [
        { title: 'NAME', value: ({ name }) => name },
        { title: '', value: (row) => (row.current ? '*' : '') },
        { title: 'URL', value: ({ url }) => url },
      ])
    })

  context
    .command('show')
    .description('the server that counts, or another one')
    .argument('[name]')
    .action((name: string | undefined, _: unknown, command: Command) => {
      const options = command.optsWithGlobals<CommonOptions>()
      const chosen =
        name === undefined
          ? chosenContext(process.env, options.context)
          : { name, ...requireContext(readContexts(process.env).contexts, name) }
      const shown = { name: chosen?.name ?? LOCAL, url: chosen?.url ?? null }
      printObject(options.output, shown, [
        ['Name', shown.name],
        ['URL', shown.url ?? 'the server of this machine'],
      ])
    })

  context
    .command('use')
    .description('the commands that follow talk to this server')
    .argument('<name>', `as \`landfall context list\` shows it; ${LOCAL} is the server of this machine`)
    .action((name: string) => useContext(process.env, name))

  context
    .command('add')
    .description(
      'keep a server with an API token, asked for or piped in; `landfall login` does it with name and password',
    )
    .argument('<name>', 'what to call it here')
    .argument('<url>', 'https://landfall.example:8443')
    .option('--ca <file>', 'certificate of the server’s CA; by default those the system trusts')
    .action(async (name: string, url: string, { ca }: { ca?: string }) => {
      const server = serverOf(url, ca)
      await saveContext(process.env, name, { ...server, token: await readPassword('API token') })
    })

  context
    .command('remove')
    .alias('rm')
    .description('forget a server; a session there lasts until it expires, `landfall logout` ends it')
    .argument('<name>')
    .action((name: string) => removeContext(process.env, name))
}
