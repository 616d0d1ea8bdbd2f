import { describe, expect, it } from 'vitest'
import { allImports, importsOf, RULES, violations } from './imports.ts'

describe('imports', () => {
  it('point inward: every import of the sources is allowed by a rule', () => {
    const imports = allImports(['client', 'server', 'boot-assets', 'web'])
    expect(imports.length).toBeGreaterThan(500)
    expect(violations(imports, RULES)).toEqual([])
  })

  it('of tests are tests only', () => {
    const outside = allImports(['client', 'server', 'boot-assets', 'web']).filter(({ to }) => to.startsWith('test/'))
    expect(outside).toEqual([])
  })
})

describe('the check', () => {
  const found = (text: string, from: string) => violations(importsOf(text, from), RULES)

  it.each([
    ['a listener in the core', "import { x } from '../dhcp/server.ts'", 'server/core/boot.ts'],
    ['the store in a listener', "import type { Store } from '../store/store.ts'", 'server/dhcp/server.ts'],
    ['node-forge outside of pki', "import forge from 'node-forge'", 'server/http/app.ts'],
    ['server code in the page', "import { planDisks } from '../../server/plan/plan-disks.ts'", 'web/src/main.tsx'],
    [
      'a feature in another',
      "import { X } from '../installs/InstallPanel.tsx'",
      'web/src/features/machines/MachinePage.tsx',
    ],
    [
      'a value where only types may pass',
      "import { Install } from '../../../server/contract/install.ts'",
      'web/src/api/keys.ts',
    ],
    ['an import over several lines', "import {\n  a,\n  b,\n} from '../store/store.ts'", 'server/http/app.ts'],
    ['a dynamic import', "const x = await import('../http/app.ts')", 'server/core/boot.ts'],
    ['a re-export', "export { x } from '../http/app.ts'", 'server/core/boot.ts'],
  ])('finds %s', (_, text, from) => {
    expect(found(text, from)).toHaveLength(1)
  })

  it('names file and line', () => {
    expect(found("\n\nimport forge from 'node-forge'", 'server/http/app.ts')[0]).toMatch(
      /^server\/http\/app\.ts:3 imports node-forge;/,
    )
  })
})
