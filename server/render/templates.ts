// The Handlebars environment: templates of a folder, compiled once; strict, unescaped, and closed to prototypes.
import { readdir, readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import Handlebars from 'handlebars'
import { RenderError } from './errors.ts'
import { grubQuote, ipxeText, ipxeWord, sh, uristring } from './helpers.ts'
import { safeValue } from './values.ts'
import type { TemplateValue } from './values.ts'

/** Handlebars' own helpers that templates may use; `lookup`, `log` and the rest are taken away. */
const BUILT_IN = ['if', 'unless', 'each']

/** Name, value: what a template is rendered with. */
export type TemplateVariables = Readonly<Record<string, TemplateValue>>

export interface Templates {
  /**
   * Text of the template, e.g. `ipxe/install.ipxe`. Throws RenderError: a variable the template names and the caller did not give is
   * an error, never an empty text.
   */
  render(name: string, variables: TemplateVariables): string
  /** All template names, sorted. */
  readonly names: readonly string[]
}

/**
 * Reads and compiles every `<folder>/<name>.hbs` below `root`; those of `partials/` can be included by their bare name. Throws
 * RenderError for a folder that cannot be read or a template that does not parse.
 */
export async function loadTemplates(root: string): Promise<Templates> {
  const handlebars = Handlebars.create()
  for (const [name, helper] of Object.entries<Handlebars.HelperDelegate>(handlebars.helpers)) {
    handlebars.unregisterHelper(name)
    if (BUILT_IN.includes(name)) handlebars.registerHelper(name, refuseUnknown(name, helper))
  }
  handlebars.registerHelper({ uristring, ipxeText, ipxeWord, grubQuote, sh })

  const sources = await readSources(root)
  const compiled = new Map<string, Handlebars.TemplateDelegate>()
  for (const [name, source] of sources) {
    const template = compile(handlebars, name, source)
    if (name.startsWith('partials/')) handlebars.registerPartial(basename(name), template)
    else compiled.set(name, template)
  }
  return {
    names: [...compiled.keys()].sort(),
    render(name, variables) {
      const template = compiled.get(name)
      if (!template) throw new RenderError('TEMPLATE_UNKNOWN', `no template ${name} in ${root}`, { template: name })
      try {
        return template(safeValue(variables))
      } catch (cause) {
        throw renderFailure(name, cause)
      }
    },
  }
}

async function readSources(root: string): Promise<Map<string, string>> {
  try {
    const files = (await readdir(root, { recursive: true })).filter((file) => file.endsWith('.hbs')).sort()
    const contents = await Promise.all(files.map((file) => readFile(join(root, file), 'utf8')))
    return new Map(files.map((file, index) => [file.slice(0, -'.hbs'.length), contents[index]!]))
  } catch (cause) {
    throw new RenderError('TEMPLATES_UNREADABLE', `reading the templates in ${root}: ${(cause as Error).message}`, {
      cause,
    })
  }
}

/** Parses at once, so that a broken template stops the start and not a machine. */
function compile(handlebars: typeof Handlebars, name: string, source: string): Handlebars.TemplateDelegate {
  const options = { strict: true, noEscape: true }
  try {
    handlebars.precompile(source, options)
    return handlebars.compile(source, options)
  } catch (cause) {
    throw new RenderError('TEMPLATE_INVALID', `compiling template ${name}: ${(cause as Error).message}`, {
      cause,
      template: name,
    })
  }
}

/**
 * Handlebars' strict mode does not look at the arguments of helpers: `{{#if misspelt}}` would be false. Here it is an
 * error like any other unknown variable.
 */
function refuseUnknown(name: string, helper: Handlebars.HelperDelegate): Handlebars.HelperDelegate {
  return function (this: unknown, ...parameters: [unknown, Handlebars.HelperOptions]) {
    if (parameters[0] === undefined) {
      throw new RenderError('VARIABLE_UNKNOWN', `an argument of {{#${name}}} is not defined`)
    }
    return helper.apply(this, parameters)
  }
}

function renderFailure(name: string, cause: unknown): RenderError {
  if (cause instanceof RenderError) {
    return new RenderError(cause.code, `rendering ${name}: ${cause.message}`, { cause, template: name })
  }
  const message = (cause as Error).message
  const code = /not defined in/.test(message) ? 'VARIABLE_UNKNOWN' : 'TEMPLATE_INVALID'
  return new RenderError(code, `rendering ${name}: ${message}`, { cause, template: name })
}
