import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { checkFirewall, setFirewall } from '../../../boot-assets/agent/deployment/firewall.ts'
import { AgentError } from '../../../boot-assets/agent/errors.ts'
import { MachineSpec } from '../../../server/contract/spec.ts'
import { FakeTree, saysNo } from '../fake-tree.ts'

const of = (firewall: object) => MachineSpec.parse({ firewall }).firewall

let fake: FakeTree
beforeEach(async () => {
  fake = await FakeTree.make()
  fake.programs.add('firewall-offline-cmd')
})
afterEach(() => fake[Symbol.asyncDispose]())

describe('the firewall', () => {
  it.each([
    [
      { mode: 'enabled', services: ['ssh', 'http'], ports: ['8080:tcp'] },
      ['--enabled --service=ssh --service=http --port=8080:tcp'],
    ],
    [{ mode: 'disabled', services: ['ssh'] }, ['--disabled']],
    [{ services: ['ssh'] }, []],
  ])('%j is set by the image’s own firewalld', async (firewall, lines) => {
    checkFirewall(fake.tree, of(firewall))
    await setFirewall(fake.tree, of(firewall))
    expect(fake.ran).toEqual(lines.map((line) => `firewall-offline-cmd ${line}`))
  })

  it('is refused where the image has none; none is also disabled', async () => {
    fake.programs.clear()
    expect(() => checkFirewall(fake.tree, of({ mode: 'enabled' }))).toThrowWithCode(AgentError, 'CONFIGURE_FAILED')
    checkFirewall(fake.tree, of({ mode: 'disabled' }))
    await setFirewall(fake.tree, of({ mode: 'disabled' }))
    expect(fake.ran).toEqual([])
  })

  it('passes on what firewalld says', async () => {
    fake.answers.set('firewall-offline-cmd', saysNo("INVALID_SERVICE: 'x' not among existing services\n"))
    await expect(setFirewall(fake.tree, of({ mode: 'enabled', services: ['x'] }))).rejects.toMatchObject({
      code: 'CONFIGURE_FAILED',
      message: expect.stringContaining("INVALID_SERVICE: 'x'"),
    })
  })
})
