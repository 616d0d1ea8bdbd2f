import { describe, expect, it } from 'vitest'
import type { Event } from '../../../server/contract/event.ts'
import { keys, outdatedBy } from '../../../web/src/api/keys.ts'

const MACHINE = '01890000-0000-7000-8000-000000000001'
const INSTALL = '01890000-0000-7000-8000-000000000002'

function event(change: Partial<Event>): Event {
  const at = '2026-01-31T12:00:00.000Z'
  return {
    seq: 1,
    at,
    type: 'machine.state',
    machineId: null,
    installId: null,
    actor: 'system',
    message: '',
    data: {},
    ...change,
  }
}

describe('an event makes out of date', () => {
  it.each([
    [
      'nothing, when it brings the bytes itself',
      { type: 'install.progress', machineId: MACHINE, installId: INSTALL },
      [],
    ],
    ['the log only', { type: 'install.log', machineId: MACHINE, installId: INSTALL }, [keys.installLog(INSTALL)]],
    ['images', { type: 'image.added' }, [keys.images]],
    ['boot media', { type: 'media.removed' }, [keys.media]],
    ['people, and who one is oneself', { type: 'user.changed' }, [keys.users, keys.session]],
    ['tokens', { type: 'token.revoked' }, [keys.tokens]],
    [
      'what webhooks were told',
      { type: 'webhook.failed', machineId: MACHINE },
      [keys.webhooks, keys.machineEvents(MACHINE)],
    ],
    ['the server', { type: 'server.started' }, [keys.system, keys.network]],
    ['what profiles shape', { type: 'profile.changed' }, [keys.profiles, keys.machines, ['machine']]],
    ['nothing, when it is about nobody', { type: 'login' }, []],
  ] as const)('%s', (_, change, outdated) => {
    expect(outdatedBy(event(change))).toEqual(outdated)
  })

  it('all views of a machine and its install', () => {
    const outdated = outdatedBy(event({ type: 'install.step', machineId: MACHINE, installId: INSTALL }))
    for (const key of [
      keys.machines,
      keys.machine(MACHINE),
      keys.machineEvents(MACHINE),
      keys.machineInstalls(MACHINE),
      keys.install(INSTALL),
    ]) {
      expect(outdated).toContainEqual(key)
    }
  })
})
