// Template helpers: each puts a value into one language safely, or refuses it.
import { shellQuote } from '../contract/shell-quote.ts'
import { RenderError } from './errors.ts'

/**
 * A value in a URL's query, path segment or fragment.
 *
 * @example {{http}}/boot/ipxe?serial={{uristring serial}}
 */
export function uristring(value: unknown): string {
  return encodeURIComponent(text(value))
}

/**
 * A value behind `echo` of iPXE, which knows no quoting: it expands `${...}`, chains commands at the words `&&`, `||` and `;`, takes
 * a word with `#` in front for a comment, and a backslash at the end for a continued line (iPXE core/exec.c, image/script.c).
 * Each is changed so that it stays readable and loses its meaning; characters a firmware console lacks become `?`.
 *
 * @example echo Machine {{ipxeText name}}
 */
export function ipxeText(value: unknown): string {
  return text(value)
    .replace(/[^\x20-\x7e]/gu, '?')
    .replaceAll('${', '$ {')
    .replaceAll('\\', '/')
    .replace(/(?<!\S)(&&|\|\|)(?!\S)/g, (operator) => [...operator].join(' '))
    .replace(/(?<!\S);(?!\S)/g, ',')
    .replace(/(?<!\S)#/g, '_#')
}

/**
 * One word of a kernel command line in an iPXE script. Refuses what iPXE would take apart (see {@link ipxeText}), and blanks.
 *
 * @example kernel {{http}}/boot/installer/vmlinuz {{#each arguments}}{{ipxeWord this}} {{/each}}
 */
export function ipxeWord(value: unknown): string {
  const word = text(value)
  if (!/^[\x21-\x7e]+$/.test(word) || /\$\{|^(&&|\|\||;)$|^#|\\$/.test(word)) {
    throw new RenderError('VALUE_UNSAFE', `${JSON.stringify(word)} cannot be one word of an iPXE command`)
  }
  return word
}

/**
 * A value in single quotes for GRUB's script language, as in POSIX sh.
 *
 * @example menuentry {{grubQuote title}} { ... }
 */
export function grubQuote(value: unknown): string {
  return `'${text(value).replaceAll("'", `'\\''`)}'`
}

/**
 * A value as one word of a POSIX shell.
 *
 * @example curl {{sh url}}
 */
export function sh(value: unknown): string {
  return shellQuote(text(value))
}

function text(value: unknown): string {
  if (typeof value === 'string' || typeof value === 'number') return String(value)
  throw new RenderError('VALUE_UNSAFE', `a template put ${JSON.stringify(value)} where a text belongs`)
}
