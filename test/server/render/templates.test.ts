import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { loadTemplates } from '../../../server/render/templates.ts'
import type { Templates, TemplateVariables } from '../../../server/render/templates.ts'

const made: string[] = []
afterAll(() => Promise.all(made.map((dir) => rm(dir, { recursive: true }))))

async function templatesOf(files: Record<string, string>): Promise<Templates> {
  const root = await mkdtemp(join(tmpdir(), 'landfall-templates-'))
  made.push(root)
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, name)), { recursive: true })
    await writeFile(join(root, name), text)
  }
  return loadTemplates(root)
}

async function render(source: string, variables: TemplateVariables): Promise<string> {
  return (await templatesOf({ 't.hbs': source })).render('t', variables)
}

describe('loadTemplates', () => {
  it('renders variables unescaped, blocks, loops and partials', async () => {
    const templates = await templatesOf({
      'a/b.txt.hbs':
        '{{> head}}{{#each list}}<{{this}}>{{/each}}{{#if yes}}+{{else}}-{{/if}}{{#unless no}}!{{/unless}}',
      'partials/head.hbs': '{{title}}:',
    })
    expect(templates.names).toEqual(['a/b.txt'])
    const text = templates.render('a/b.txt', { title: 'a & b', list: ['"x"', "'y'"], yes: true, no: false })
    expect(text).toBe(`a & b:<"x"><'y'>+!`)
  })

  it.each([
    ['a variable', '{{missing}}'],
    ['a nested variable', '{{given.missing}}'],
    ['a variable in a loop', '{{#each list}}{{missing}}{{/each}}'],
    ['the condition of a block', '{{#if missing}}x{{/if}}'],
    ['the list of a loop', '{{#each missing}}x{{/each}}'],
    ['a property every object inherits', '{{constructor}}'],
    ['a nested inherited property', '{{given.toString}}'],
    ['the prototype', '{{given.__proto__}}'],
  ])('refuses %s that was not given', async (_, source) => {
    await expect(render(source, { given: {}, list: [{}] })).rejects.toMatchObject({
      code: 'VARIABLE_UNKNOWN',
      template: 't',
    })
  })

  it.each(['{{uristring missing}}', '{{ipxeText missing}}', '{{ipxeWord missing}}', '{{grubQuote given}}'])(
    'refuses to quote what is no text: %s',
    async (source) => {
      await expect(render(source, { given: {} })).rejects.toMatchObject({ code: 'VALUE_UNSAFE' })
    },
  )

  it.each(['a\nb', 'a\rb', 'a\0b', 'a\u007fb', 'a\u2028b', 'a\u001b[31m'])(
    'refuses the control character in %j',
    async (value) => {
      await expect(render('{{a.b}}', { a: { b: value } })).rejects.toMatchObject({ code: 'VALUE_UNSAFE' })
      await expect(render('', { a: [value] })).rejects.toMatchObject({ code: 'VALUE_UNSAFE' })
    },
  )

  it.each(['{{#if a}}', '{{a', '{{/each}}'])('refuses the broken template %s when it is loaded', async (source) => {
    await expect(templatesOf({ 'broken.hbs': source })).rejects.toMatchObject({
      code: 'TEMPLATE_INVALID',
      template: 'broken',
    })
  })

  it.each(['{{lookup a "b"}}', '{{log "x"}}', '{{#with a}}{{/with}}'])('does not know %s', async (source) => {
    await expect(render(source, { a: {} })).rejects.toMatchObject({ name: 'RenderError' })
  })

  it('tells unknown templates and unreadable folders', async () => {
    const templates = await templatesOf({})
    expect(() => templates.render('nope', {})).toThrow(expect.objectContaining({ code: 'TEMPLATE_UNKNOWN' }))
    await expect(loadTemplates('/does/not/exist')).rejects.toMatchObject({ code: 'TEMPLATES_UNREADABLE' })
  })
})
