import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { InstallState } from '../../../server/contract/install.ts'
import { MachineState } from '../../../server/contract/machine.ts'

const page = readFileSync(join(import.meta.dirname, '../../../docs/explanation/states.md'), 'utf8')

it.each([...MachineState.options, ...InstallState.options])('docs/explanation/states.md explains `%s`', (state) => {
  expect(page).toContain(`\`${state}\``)
})
