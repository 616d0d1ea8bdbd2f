// Every template, rendered with the sample beside it, is compared whole with the file of its name in expected/.
// `vitest run test/templates -u` refreshes them; read the difference before you commit it.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { loadTemplates } from '../../server/render/templates.ts'
import type { TemplateVariables } from '../../server/render/templates.ts'

const root = join(import.meta.dirname, '../../templates')
const templates = await loadTemplates(root)

async function renderSample(name: string): Promise<string> {
  const sample = await readFile(join(root, name.replace(/\.\w+$/, '.sample.json')), 'utf8')
  return templates.render(name, JSON.parse(sample) as TemplateVariables)
}

describe.each(templates.names)('templates/%s', (name) => {
  it('renders its sample as expected', async () => {
    await expect(await renderSample(name)).toMatchFileSnapshot(join(import.meta.dirname, 'expected', name))
  })
})

describe.each(templates.names.filter((name) => name.endsWith('.ipxe')))('iPXE script %s', (name) => {
  it('starts with the magic line, knows every label it jumps to, and ends at the disk', async () => {
    const script = await renderSample(name)
    expect(script.startsWith('#!ipxe\n')).toBe(true)
    const labels = new Set([...script.matchAll(/^:(\w+)/gm)].map((match) => match[1]))
    for (const [, label] of script.matchAll(/goto (\w+)/g)) expect(labels, `label of goto ${label}`).toContain(label)
  })

  it('statement 78: ends in `exit 1` for the disk of a UEFI machine, in `sanboot` for one with a BIOS', async () => {
    expect(await renderSample(name)).toMatch(
      /:local\niseq \$\{platform\} pcbios && goto local_bios \|\|\nexit 1\n:local_bios\nsanboot [^\n]+ 0x80 \|\| exit\n$/,
    )
  })

  it('statement 77: encodes every setting it puts into a URL', async () => {
    for (const [url] of (await renderSample(name)).matchAll(/https?:\/\/\S+\?\S+/g)) {
      for (const [setting] of url.matchAll(/\$\{[^}]*\}/g)) expect(setting).toMatch(/:(uristring|hexhyp)\}$/)
    }
  })
})

describe.each(templates.names.filter((name) => name.startsWith('grub/') && name !== 'grub/medium.cfg'))(
  'GRUB configuration %s',
  (name) => {
    it('never leaves a machine at a prompt or in a menu without end', async () => {
      const config = await renderSample(name)
      const commands = config.split('\n').filter((line) => /^\S/.test(line) && !line.startsWith('#'))
      // Each menu has a time after which it starts something, and whatever fails goes to the next boot entry.
      if (config.includes('menuentry')) expect(commands.at(-1)).toMatch(/^set timeout=\d+$/)
      for (const [entry] of config.matchAll(/^menuentry .*\n(?: .*\n)+\}/gm)) expect(entry).toMatch(/\n {2}exit 1\n\}$/)
      expect(config).toMatch(/^ *exit 1$/m)
    })

    it('asks for nothing by a query, which GRUB would take apart', async () => {
      expect(await renderSample(name)).not.toMatch(/\((?:http|tftp),[^)]*\)[^'\s]*[?&;]/)
    })
  },
)
