import { beforeEach, describe, expect, it } from 'vitest'
import { Task } from '../../../server/contract/agent.ts'
import type { TrustEvidence, TrustPolicy } from '../../../server/contract/trust.ts'
import { signingKey, simpleSignature } from '../../helpers/signatures.ts'
import { digestOf, facts, MAC, testCore } from '../../helpers/store-fakes.ts'
import type { TestCore } from '../../helpers/store-fakes.ts'

const key = signingKey()
const policy: TrustPolicy = { require: 'key', pattern: 'os/*', keys: [key.pem] }
const signed: TrustEvidence = simpleSignature(key, { digest: digestOf('a') })

let core: TestCore
let machineId: string
beforeEach(() => {
  core = testCore()
  machineId = core.inventory.discover({ mac: MAC }).id
})

async function assign() {
  const results = await core.installs.assign({ machines: [machineId], image: 'os/web:stable' }, 'token:ann')
  return results[0]!
}

function boot() {
  const { generation } = core.inventory.get(machineId)
  const token = core.tokens.issueInstallToken(machineId, generation)
  const bootId = '11111111-1111-4111-8111-111111111111'
  const request = { bootMac: MAC, facts: facts(), agentVersion: '0.1.0', bootId }
  return core.installs.authenticateSession(core.installs.openSession(token, request).session)
}

describe('an install of an image that is trusted', () => {
  it('keeps what it was allowed by, and tells the agent', async () => {
    core.trust.basis = { policy, evidence: [signed] }
    const { installId } = await assign()
    expect(core.installs.get(installId!).trust).toMatchObject({ trusted: true, policy: { require: 'key' } })
    const task = Task.parse(await core.installs.nextTask(boot(), 0))
    expect(task).toMatchObject({ type: 'install', trust: { policy, evidence: [signed] } })
  })

  it('has policy and evidence on its medium too', async () => {
    core.trust.basis = { policy, evidence: [signed] }
    await assign()
    expect(core.installs.mediumFor(machineId).trust).toEqual({ policy, evidence: [signed] })
  })
})

describe('an install of an image that is not trusted', () => {
  it('is not made, and the machine stays what it was', async () => {
    core.trust.basis = { policy, evidence: [] }
    expect(await assign()).toMatchObject({
      installId: null,
      error: { code: 'IMAGE_UNSIGNED', message: expect.stringContaining('(policy for os/*: key)') },
    })
    expect(core.inventory.get(machineId)).toMatchObject({ state: 'discovered', generation: 0 })
    expect(core.installs.listFor(machineId)).toEqual([])
  })

  it('fails before an agent gets it, when the policy changed while it waited', async () => {
    core.trust.basis = { policy, evidence: [signed] }
    const { installId } = await assign()
    core.trust.basis = { policy: { require: 'reject', pattern: 'os/*' }, evidence: [] }
    expect(await core.installs.nextTask(boot(), 0)).toMatchObject({ type: 'wait' })
    expect(core.installs.get(installId!)).toMatchObject({
      state: 'failed',
      failure: { code: 'IMAGE_REJECTED', hint: expect.any(String) },
      trust: { trusted: false, code: 'IMAGE_REJECTED' },
    })
    expect(core.inventory.get(machineId).state).toBe('failed')
  })

  it('does not stop one that an agent is at work on already', async () => {
    core.trust.basis = { policy, evidence: [signed] }
    const { installId } = await assign()
    const session = boot()
    await core.installs.nextTask(session, 0)
    core.trust.basis = { policy, evidence: [] }
    expect(await core.installs.nextTask(session, 0)).toMatchObject({ type: 'install', trust: { evidence: [signed] } })
    expect(core.installs.get(installId!).state).toBe('running')
  })
})
