// Passwords typed by people, or piped in by programs; never given as an argument, which every process of the machine could read.
import { text } from 'node:stream/consumers'
import { CliError } from './errors.ts'

type Input = Pick<NodeJS.ReadStream, 'isTTY' | 'setRawMode' | 'setEncoding' | 'resume' | 'pause' | 'on' | 'off'>

/** Asks on a terminal without showing what is typed; elsewhere takes the first line that comes in. Throws CliError for nothing. */
export async function readPassword(question: string, { twice = false }: { twice?: boolean } = {}): Promise<string> {
  const { stdin } = process
  if (!stdin.isTTY) {
    const [line = ''] = (await text(stdin)).split(/\r?\n/)
    if (line !== '') return line
    throw new CliError('no password came in', {
      exitCode: 2,
      hint: 'pipe it in, or run this on a terminal to be asked',
    })
  }
  const password = await ask(stdin, question)
  if (twice && (await ask(stdin, 'The same again')) !== password) {
    throw new CliError('the two passwords differ', { exitCode: 2, hint: 'nothing was changed: try again' })
  }
  return password
}

/** The one that counts now and the next; two lines where no terminal is. Throws CliError for nothing. */
export async function readPasswords(now: string, next: string): Promise<[now: string, next: string]> {
  if (process.stdin.isTTY) return [await readPassword(now), await readPassword(next, { twice: true })]
  const [first = '', second = ''] = (await text(process.stdin)).split(/\r?\n/)
  if (first !== '' && second !== '') return [first, second]
  throw new CliError('two lines are wanted: the password now, and the next', { exitCode: 2 })
}

function ask(stdin: Input, question: string): Promise<string> {
  process.stderr.write(`${question}: `)
  stdin.setRawMode(true)
  stdin.setEncoding('utf8')
  stdin.resume()
  let typed = ''
  return new Promise((resolve, reject) => {
    const end = (settle: () => void) => {
      stdin.off('data', listen)
      stdin.setRawMode(false)
      stdin.pause()
      process.stderr.write('\n')
      settle()
    }
    const listen = (keys: string) => {
      for (const key of keys) {
        if (key === '\r' || key === '\n') return end(() => resolve(typed))
        if (key === '\u0003' || key === '\u0004')
          return end(() => reject(new CliError('no password was given', { exitCode: 2 })))
        typed = key === '\u007f' || key === '\b' ? typed.slice(0, -1) : typed + key
      }
    }
    stdin.on('data', listen)
  })
}
