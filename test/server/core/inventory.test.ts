import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import { Machine, MachineSummary } from '../../../server/contract/machine.ts'
import { CoreError } from '../../../server/core/errors.ts'
import { facts, MAC, nic, testCore, UUID } from '../../helpers/store-fakes.ts'
import type { TestCore } from '../../helpers/store-fakes.ts'

const MAC_2 = '52:54:00:aa:bb:cc'
const SMBIOS = { uuid: UUID, serial: 'C5QRKJ1' }

let core: TestCore
beforeEach(() => {
  core = testCore()
})

function eventTypes(): string[] {
  return core.events.since(0).map(({ type }) => type)
}

describe('discover', () => {
  it('brings a stranger in once, under a name made of its MAC', () => {
    const machine = core.inventory.discover({ mac: MAC.toUpperCase() }, { address: '10.0.0.9' })
    expect(machine).toMatchObject({
      name: '52-54-00-12-34-56',
      state: 'discovered',
      generation: 0,
      address: '10.0.0.9',
    })
    expect(core.inventory.discover({ mac: MAC }).id).toBe(machine.id)
    expect(core.inventory.list()).toHaveLength(1)
    expect(eventTypes()).toEqual(['machine.discovered'])
  })

  it('finds a machine by UUID and serial when it boots from another NIC, and learns that NIC', () => {
    const { id } = core.inventory.discover({ mac: MAC, ...SMBIOS })
    expect(core.inventory.discover({ mac: MAC_2, ...SMBIOS }).id).toBe(id)
    expect(core.inventory.find({ mac: MAC_2 })?.id).toBe(id)
    expect(core.inventory.toSummary(id).macs).toEqual([MAC, MAC_2])
  })

  it('believes the MAC before UUID and serial', () => {
    const one = core.inventory.discover({ mac: MAC, ...SMBIOS })
    const two = core.inventory.discover({ mac: MAC_2 })
    expect(core.inventory.find({ mac: MAC_2, ...SMBIOS })?.id).toBe(two.id)
    expect(core.inventory.find({ mac: MAC, uuid: UUID, serial: 'other' })?.id).toBe(one.id)
  })

  it.each([
    ['the same UUID and no serial', { uuid: UUID }],
    ['the same UUID and a placeholder serial', { uuid: UUID, serial: 'To be filled by O.E.M.' }],
    ['the same serial and a zero UUID', { uuid: '00000000-0000-0000-0000-000000000000', serial: 'C5QRKJ1' }],
  ])('does not take machines for one because of %s', (_, identity) => {
    core.inventory.discover({ mac: MAC, ...identity })
    core.inventory.discover({ mac: MAC_2, ...identity })
    expect(core.inventory.list()).toHaveLength(2)
  })

  it('refuses an identity that is nobody', () => {
    expect(() => core.inventory.discover({ serial: 'None' })).toThrowWithCode(CoreError, 'VALIDATION')
  })

  it('never mixes up machines, whatever they show in whatever order', () => {
    const count = 4
    const shown = fc.record({
      machine: fc.nat(count - 1),
      nic: fc.nat(1),
      smbios: fc.constantFrom('real', 'junk', 'none'),
    })
    fc.assert(
      fc.property(fc.array(shown, { maxLength: 20 }), (boots) => {
        const { inventory } = testCore()
        const mac = (machine: number, port: number) => `52:54:00:00:0${machine}:0${port}`
        const owner = new Map<string, number>()
        for (const { machine, nic: port, smbios } of boots) {
          const { id } = inventory.discover({
            mac: mac(machine, port),
            ...(smbios === 'real' && { uuid: UUID.replace(/^./, String(machine)), serial: `SN-${machine}` }),
            ...(smbios === 'junk' && { uuid: '03000200-0400-0500-0006-000700080009', serial: 'Default string' }),
          })
          expect(owner.get(id) ?? machine).toBe(machine)
          owner.set(id, machine)
        }
      }),
      { numRuns: 50 },
    )
  })
})

describe('create and update', () => {
  it('adds a machine that is ready before it was ever seen', () => {
    const machine = core.inventory.create({ macs: [MAC], name: 'web-1', labels: { rack: 'r1' } }, 'token:ann')
    expect(machine).toMatchObject({
      name: 'web-1',
      state: 'ready',
      macs: [MAC],
      labels: { rack: 'r1' },
      lastSeenAt: null,
    })
    expect(Machine.parse(machine)).toEqual(machine)
    expect(core.inventory.find({ mac: MAC })?.id).toBe(machine.id)
  })

  it.each([
    ['a MAC that is taken', { macs: [MAC] }, 'CONFLICT'],
    ['a name that is taken, in another case', { macs: [MAC_2], name: 'WEB-1' }, 'CONFLICT'],
    ['a group address', { macs: ['01:00:5e:00:00:01'] }, 'VALIDATION'],
  ])('refuses %s', (_, input, code) => {
    core.inventory.create({ macs: [MAC], name: 'web-1' }, 'token:ann')
    expect(() => core.inventory.create(input, 'token:ann')).toThrowWithCode(CoreError, code)
    expect(core.inventory.list()).toHaveLength(1)
  })

  it('says nothing of a machine whose MAC or name is taken: it may be beyond the reach of whoever asks', () => {
    const { id } = core.inventory.create({ macs: [MAC], name: 'web-1' }, 'token:ann')
    const message = (work: () => unknown): string => {
      try {
        work()
      } catch (error) {
        return JSON.stringify([(error as CoreError).message, (error as CoreError).hint])
      }
      throw new Error('not refused')
    }
    expect(message(() => core.inventory.create({ macs: [MAC] }, 'a'))).not.toMatch(/web-1/)
    expect(message(() => core.inventory.create({ macs: [MAC_2], name: 'WEB-1' }, 'a'))).not.toContain(id)
  })

  it('changes only what is named, and says who did', () => {
    const { id } = core.inventory.create({ macs: [MAC], name: 'web-1', labels: { a: '1' } }, 'token:ann')
    const machine = core.inventory.update(id, { spec: { image: 'os/web:stable' } }, 'token:bob')
    expect(machine).toMatchObject({ name: 'web-1', labels: { a: '1' }, image: 'os/web:stable' })
    expect(machine.origins['image']).toBe('machine')
    expect(core.events.recent({ limit: 1 })).toMatchObject([
      { type: 'machine.updated', actor: 'token:bob', data: { changed: ['spec'] } },
    ])
  })

  it('lets a machine keep its own name in another case', () => {
    const { id } = core.inventory.create({ macs: [MAC], name: 'web-1' }, 'token:ann')
    expect(core.inventory.update(id, { name: 'Web-1' }, 'token:ann').name).toBe('Web-1')
  })

  it('refuses what is not there', () => {
    expect(() => core.inventory.update(UUID, { name: 'x' }, 'token:ann')).toThrowWithCode(
      CoreError,
      'MACHINE_NOT_FOUND',
    )
    expect(() => core.inventory.toMachine(UUID)).toThrowWithCode(CoreError, 'MACHINE_NOT_FOUND')
  })
})

describe('recordFacts', () => {
  it('makes a discovered machine ready and shows what it told', () => {
    const { id } = core.inventory.discover({ mac: MAC })
    core.inventory.recordFacts(id, facts())
    const machine = core.inventory.toMachine(id)
    expect(machine).toMatchObject({
      state: 'ready',
      product: 'Dell Inc. PowerEdge R650',
      serial: 'C5QRKJ1',
      uuid: UUID,
      architecture: 'amd64',
    })
    expect(machine.facts).toEqual(facts())
    expect(eventTypes()).toEqual(['machine.discovered', 'machine.facts', 'machine.state'])
  })

  it('learns every NIC, so that the machine may boot from any', () => {
    const { id } = core.inventory.discover({ mac: MAC })
    core.inventory.recordFacts(id, facts({ nics: [nic(MAC, true), nic(MAC_2)] }))
    expect(core.inventory.find({ mac: MAC_2 })?.id).toBe(id)
    expect(core.inventory.find({ mac: '52:54:00:00:00:99', ...SMBIOS })?.id).toBe(id)
  })

  it('merges a stranger into the machine that a person added by its other NIC', () => {
    const added = core.inventory.create({ macs: [MAC], name: 'web-1' }, 'token:ann')
    const stranger = core.inventory.discover({ mac: MAC_2 })
    const token = core.tokens.issueInstallToken(stranger.id, 0)
    expect(core.inventory.recordFacts(stranger.id, facts({ nics: [nic(MAC), nic(MAC_2, true)] }))).toBe(added.id)
    expect(core.inventory.list().map(({ name, macs }) => [name, macs])).toEqual([['web-1', [MAC, MAC_2]]])
    expect(core.tokens.checkInstallToken(token).machineId).toBe(added.id)
    expect(core.events.since(0, { machineId: added.id }).map(({ type }) => type)).toContain('machine.discovered')
    expect(eventTypes()).toContain('machine.merged')
  })

  it('merges two strangers into the older', () => {
    const older = core.inventory.discover({ mac: MAC })
    core.clock.advance(1000)
    const newer = core.inventory.discover({ mac: MAC_2 })
    expect(core.inventory.recordFacts(newer.id, facts({ nics: [nic(MAC), nic(MAC_2, true)] }))).toBe(older.id)
    expect(core.inventory.list()).toHaveLength(1)
  })

  it('merges nothing that people worked with, and warns', () => {
    const one = core.inventory.create({ macs: [MAC], name: 'one' }, 'token:ann')
    const two = core.inventory.create({ macs: [MAC_2], name: 'two' }, 'token:ann')
    expect(core.inventory.recordFacts(two.id, facts({ nics: [nic(MAC), nic(MAC_2, true)] }))).toBe(two.id)
    expect(core.inventory.find({ mac: MAC })?.id).toBe(one.id)
    expect(core.inventory.list()).toHaveLength(2)
    expect(eventTypes()).toContain('server.warning')
  })
})

describe('the history of facts', () => {
  const tell = (id: string, memoryGib: number) =>
    core.inventory.recordFacts(id, facts({ memoryBytes: memoryGib * 2 ** 30 }))

  it('begins with the second telling, and has what changed, newest first', () => {
    const { id } = core.inventory.discover({ mac: MAC })
    tell(id, 64)
    tell(id, 64)
    expect(core.inventory.factHistory(id)).toEqual([])
    core.clock.advance(1000)
    tell(id, 48)
    tell(id, 32)
    expect(core.inventory.factHistory(id)).toMatchObject([
      { subject: 'memory', before: '48 GiB', after: '32 GiB' },
      { at: core.clock.now().toISOString(), message: 'memory shrank from 64 GiB to 48 GiB' },
    ])
    const told = core.events.recent({ types: ['machine.hardware'] })
    expect(told.map(({ message }) => message)).toEqual([
      'machine 52-54-00-12-34-56: memory shrank from 48 GiB to 32 GiB',
      'machine 52-54-00-12-34-56: memory shrank from 64 GiB to 48 GiB',
    ])
    expect(() => core.inventory.factHistory(UUID)).toThrowWithCode(CoreError, 'MACHINE_NOT_FOUND')
  })

  it('is bounded, whatever comes and goes', () => {
    const { id } = core.inventory.discover({ mac: MAC })
    for (let i = 0; i < 230; i++) tell(id, i % 2 === 0 ? 64 : 32)
    const history = core.inventory.factHistory(id, 1000)
    expect(history).toHaveLength(200)
    expect(history[0]!.seq).toBe(229)
  })

  it('goes along when records are merged, and with the machine', () => {
    const stranger = core.inventory.discover({ mac: MAC_2 })
    core.inventory.recordFacts(stranger.id, facts({ nics: [nic(MAC_2)], smbios: {}, memoryBytes: 2 ** 36 }))
    core.inventory.recordFacts(stranger.id, facts({ nics: [nic(MAC_2)], smbios: {}, memoryBytes: 2 ** 35 }))
    const { id } = core.inventory.create({ macs: [MAC] }, 'token:ann')
    core.inventory.recordFacts(id, facts({ nics: [nic(MAC), nic(MAC_2)] }))
    expect(core.inventory.factHistory(id)).toMatchObject([{ subject: 'memory' }])
    core.inventory.remove(id, 'token:ann')
    expect(core.store.machines.factChanges(id, 10)).toEqual([])
  })
})

describe('seen', () => {
  it('writes at most every 15 s, and at once when the address changes', () => {
    const { id } = core.inventory.discover({ mac: MAC }, { address: '10.0.0.1' })
    const lastSeen = () => core.inventory.toMachine(id).lastSeenAt
    const start = lastSeen()
    core.clock.advance(5000)
    core.inventory.seen(id, '10.0.0.1')
    expect(lastSeen()).toBe(start)
    core.inventory.seen(id, '10.0.0.2')
    expect(lastSeen()).toBe('2026-01-31T12:00:05.000Z')
    expect(core.inventory.toMachine(id).address).toBe('10.0.0.2')
    core.clock.advance(15_000)
    core.inventory.seen(id)
    expect(lastSeen()).toBe('2026-01-31T12:00:20.000Z')
  })
})

describe('list', () => {
  it('filters and searches', () => {
    for (const [index, rack] of ['r1', 'r2', 'r1'].entries()) {
      core.clock.advance(1)
      core.inventory.create(
        { macs: [`52:54:00:00:00:0${index}`], name: `web_${index}`, labels: { 'dc.eu/rack': rack } },
        'a',
      )
    }
    const names = (filter: Parameters<typeof core.inventory.list>[0]) =>
      core.inventory.list(filter).map(({ name }) => name)
    expect(names({})).toEqual(['web_0', 'web_1', 'web_2'])
    expect(names({ label: ['dc.eu/rack=r1'] })).toEqual(['web_0', 'web_2'])
    expect(names({ search: 'WEB_1' })).toEqual(['web_1'])
    expect(names({ search: '00:02' })).toEqual(['web_2'])
    expect(names({ search: '%' })).toEqual([])
    expect(names({ state: ['deployed', 'failed'] })).toEqual([])
    expect(core.inventory.list().every((summary) => MachineSummary.safeParse(summary).success)).toBe(true)
  })
})

describe('profiles', () => {
  it('shape the machines they select, and are counted as wanting their image', () => {
    const { id } = core.inventory.create({ macs: [MAC], labels: { role: 'web' } }, 'a')
    core.inventory.create({ macs: [MAC_2], spec: { image: 'os/db:1' } }, 'a')
    const profile = core.profiles.create(
      { name: 'web', selector: { role: 'web' }, priority: 0, spec: { image: 'os/web:1' } },
      'a',
    )
    expect(core.inventory.toMachine(id)).toMatchObject({
      image: 'os/web:1',
      profiles: ['web'],
      origins: { image: 'profile:web' },
    })
    expect(['os/web:1', 'os/db:1', 'os/x:1'].map((image) => core.inventory.countWanting('image', image))).toEqual([
      1, 1, 0,
    ])

    core.profiles.update(profile.id, { spec: {} }, 'a')
    expect(core.inventory.countWanting('image', 'os/web:1')).toBe(0)
    expect(() => core.profiles.create({ ...profile, name: 'web' }, 'a')).toThrowWithCode(CoreError, 'CONFLICT')
    core.profiles.remove(profile.id, 'a')
    expect(() => core.profiles.get(profile.id)).toThrowWithCode(CoreError, 'PROFILE_NOT_FOUND')
  })
})

describe('retire and remove', () => {
  it('end tokens and the unfinished install', async () => {
    const { id } = core.inventory.create({ macs: [MAC] }, 'a')
    const results = await core.installs.assign({ machines: [id], image: 'os/web:stable' }, 'a')
    const token = core.tokens.issueInstallToken(id, 1)
    core.inventory.retire(id, 'a')
    expect(core.inventory.get(id).state).toBe('retired')
    expect(() => core.tokens.checkInstallToken(token)).toThrowWithCode(CoreError, 'TOKEN_INVALID')
    expect(core.installs.get(results[0]!.installId!).state).toBe('superseded')
    await expect(core.installs.reinstall(id, 'a')).rejects.toThrowWithCode(CoreError, 'MACHINE_RETIRED')
  })

  it('forget the machine but not its history', () => {
    const { id } = core.inventory.discover({ mac: MAC })
    core.inventory.remove(id, 'token:ann')
    expect(core.inventory.find({ mac: MAC })).toBeUndefined()
    expect(core.events.since(0, { machineId: id })).toHaveLength(2)
  })
})
