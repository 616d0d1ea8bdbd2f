// Writing kickstart commands: one line each, every value quoted so that it is read back as it was (kickstart-and-iso.md section 2.1).
import { KickstartError } from './errors.ts'

/** A value is a text, a number or a list; `true` is an option without value; `undefined` and `false` leave the option out. */
export type OptionValue = string | number | boolean | readonly string[] | undefined

/** C0, DEL and C1 controls, and what Unicode calls a line or paragraph separator: Python's readers take some of these for line ends. */
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/

const BARE = /^[A-Za-z0-9_@%+=:,./-]+$/

/**
 * One value as a kickstart word. Throws VALUE_UNSAFE for control characters, which no quoting can hold in one line; the message has
 * `place` and never the value, which may be a secret.
 *
 * @example ksQuote('a #1', 'sshkey') === '"a #1"'
 */
export function ksQuote(value: string, place: string): string {
  if (CONTROL.test(value))
    throw new KickstartError('VALUE_UNSAFE', `${place} has a value that holds a control character`)
  return BARE.test(value) ? value : `"${value.replaceAll(/["\\]/g, '\\$&')}"`
}

/**
 * A command line: `name`, options in the order given, then arguments. Throws VALUE_UNSAFE for a control character, and for an argument
 * that would be read as an option.
 *
 * @example ksCommand('part', { fstype: 'xfs', size: 1024, grow: true }, '/') === 'part / --fstype=xfs --size=1024 --grow'
 */
export function ksCommand(name: string, options: Readonly<Record<string, OptionValue>>, ...args: string[]): string {
  const words = [name]
  for (const arg of args) {
    if (arg.startsWith('-') || arg === '') {
      throw new KickstartError('VALUE_UNSAFE', `${name} has an argument that is empty or would be read as an option`)
    }
    words.push(ksQuote(arg, name))
  }
  for (const [option, value] of Object.entries(options)) {
    if (value === undefined || value === false) continue
    if (value === true) words.push(`--${option}`)
    else {
      const text = Array.isArray(value) ? value.join(',') : String(value)
      words.push(`--${option}=${ksQuote(text, `${name} --${option}`)}`)
    }
  }
  return words.join(' ')
}
