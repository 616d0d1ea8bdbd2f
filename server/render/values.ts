// Values on their way into a script: plain data only, no character that could start a new line or hide one.
import { RenderError } from './errors.ts'

/** What a template may be given. */
export type TemplateValue =
  string | number | boolean | null | readonly TemplateValue[] | { readonly [name: string]: TemplateValue }

/** C0 and C1 controls, DEL, and the Unicode line and paragraph separators. */
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/

/** A text that people or machines made up, as one line that {@link safeValue} lets pass. */
export function oneLine(text: string): string {
  return text.replace(new RegExp(UNSAFE, 'g'), ' ')
}

/**
 * A copy of `value` whose objects have no prototype, so that a template sees own properties and nothing else. Throws VALUE_UNSAFE,
 * naming the path, for a string with a newline or another control character: a script is made of lines.
 */
export function safeValue(value: TemplateValue, path = ''): TemplateValue {
  if (typeof value === 'string') {
    if (UNSAFE.test(value)) {
      throw new RenderError('VALUE_UNSAFE', `value of ${path}: ${JSON.stringify(value)} holds a control character`)
    }
    return value
  }
  if (Array.isArray(value)) return value.map((item: TemplateValue, index) => safeValue(item, `${path}[${index}]`))
  if (value !== null && typeof value === 'object') {
    const copy = bareObject()
    for (const [name, item] of Object.entries(value))
      copy[name] = safeValue(item, path === '' ? name : `${path}.${name}`)
    return copy
  }
  return value
}

/** Handlebars puts the object into its error text, which without a prototype needs this one way to become a string. */
function bareObject(): Record<string, TemplateValue> {
  return Object.create(null, { [Symbol.toPrimitive]: { value: () => 'the variables given' } })
}
