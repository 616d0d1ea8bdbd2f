import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MachineSpec, PartialSpec } from '../../../server/contract/spec.ts'
import { matchesLabels, mergeSpec, overlaySpec, wantedValue } from '../../../server/core/merge-spec.ts'
import type { MergedProfile } from '../../../server/core/merge-spec.ts'

function profile(name: string, change: Partial<MergedProfile>): MergedProfile {
  return { name, selector: {}, priority: 0, spec: {}, ...change }
}

const machine = { name: 'node-1', labels: { rack: 'r12', role: 'web' }, ownSpec: {} }

describe('mergeSpec', () => {
  it('fills defaults and says so', () => {
    const { spec, origins, profiles } = mergeSpec(machine, [])
    expect(spec).toEqual({ ...MachineSpec.parse({}), hostname: 'node-1' })
    expect(origins).toMatchObject({ engine: 'default', 'disks.espSize': 'default', hostname: 'default' })
    expect(origins).not.toHaveProperty('image')
    expect(profiles).toEqual([])
  })

  it('lets the machine win over profiles, and higher priority over lower', () => {
    const profiles = [
      profile('base', { spec: { image: 'os/base:1', engine: 'ostree', finish: 'poweroff' } }),
      profile('web', { priority: 10, selector: { role: 'web' }, spec: { image: 'os/web:1', engine: 'bootc' } }),
      profile('db', { priority: 99, selector: { role: 'db' }, spec: { image: 'os/db:1' } }),
    ]
    const merged = mergeSpec({ ...machine, ownSpec: { engine: 'auto' } }, profiles)
    expect(merged.spec).toMatchObject({ image: 'os/web:1', engine: 'auto', finish: 'poweroff' })
    expect(merged.origins).toMatchObject({ image: 'profile:web', engine: 'machine', finish: 'profile:base' })
    expect(merged.profiles).toEqual(['web', 'base'])
  })

  it('takes the first by name among equals', () => {
    const profiles = [profile('b', { spec: { image: 'os/b:1' } }), profile('a', { spec: { image: 'os/a:1' } })]
    expect(mergeSpec(machine, profiles).origins['image']).toBe('profile:a')
  })

  it('merges the values of disks one by one, the selector as a whole', () => {
    const profiles = [
      profile('p', { spec: { disks: { disk: { transport: 'nvme' }, filesystem: 'ext4', bootSize: 2 ** 31 } } }),
    ]
    const { spec, origins } = mergeSpec({ ...machine, ownSpec: { disks: { disk: { serial: 'S1' } } } }, profiles)
    expect(spec.disks).toMatchObject({ disk: { serial: 'S1' }, filesystem: 'ext4', bootSize: 2 ** 31 })
    expect(spec.disks.disk).not.toHaveProperty('transport')
    expect(origins).toMatchObject({ 'disks.disk': 'machine', 'disks.filesystem': 'profile:p' })
  })

  it('replaces lists as a whole, also by an empty one', () => {
    const profiles = [profile('p', { spec: { kernelArguments: ['quiet'] } })]
    expect(mergeSpec({ ...machine, ownSpec: { kernelArguments: [] } }, profiles).spec.kernelArguments).toEqual([])
  })

  it('leaves the host name open when the name cannot be one', () => {
    expect(mergeSpec({ ...machine, name: 'Rack 12, top' }, []).spec).not.toHaveProperty('hostname')
  })

  const anySpec = fc
    .record(
      {
        image: fc.constantFrom('os/a:1', 'os/b:1'),
        engine: fc.constantFrom('auto', 'ostree', 'bootc'),
        hostname: fc.constantFrom('h1', 'h2'),
        kernelArguments: fc.array(fc.constantFrom('quiet', 'nosmt')),
        disks: fc.record(
          { filesystem: fc.constantFrom('xfs', 'ext4'), disk: fc.record({ serial: fc.constantFrom('A', 'B') }) },
          { requiredKeys: ['filesystem'] },
        ),
      },
      { requiredKeys: [] },
    )
    .map((spec) => PartialSpec.parse(spec))
  const anyLabels = fc.dictionary(fc.constantFrom('a', 'b', '__proto__'), fc.constantFrom('', '1'))
  const anyProfiles = fc.uniqueArray(
    fc.record({
      name: fc.constantFrom('p1', 'p2', 'p3', 'p4'),
      selector: anyLabels,
      priority: fc.integer({ min: -1, max: 1 }),
      spec: anySpec,
    }),
    { selector: ({ name }) => name },
  )

  it('gives a valid spec that does not depend on the order of profiles, each value from the origin it names', () => {
    fc.assert(
      fc.property(anySpec, anyLabels, anyProfiles, (ownSpec, labels, profiles) => {
        const one = { name: 'n1', labels, ownSpec }
        const merged = mergeSpec(one, profiles)
        expect(MachineSpec.parse(merged.spec)).toEqual(merged.spec)
        expect(mergeSpec(one, profiles.toReversed())).toEqual(merged)
        expect(wantedValue(one, profiles, ({ image }) => image)).toBe(merged.spec.image)
        for (const key of ['image', 'engine', 'hostname', 'kernelArguments'] as const) {
          if (ownSpec[key] !== undefined) {
            expect(merged.origins[key]).toBe('machine')
            expect(merged.spec[key]).toEqual(ownSpec[key])
            continue
          }
          const winner = merged.profiles.find((name) => profiles.find((p) => p.name === name)?.spec[key] !== undefined)
          if (winner === undefined) expect(merged.origins[key] ?? 'default').toBe('default')
          else {
            expect(merged.origins[key]).toBe(`profile:${winner}`)
            expect(merged.spec[key]).toEqual(profiles.find(({ name }) => name === winner)?.spec[key])
          }
        }
      }),
    )
  })

  it('does not change when a profile is laid over with nothing', () => {
    fc.assert(
      fc.property(anySpec, anySpec, (below, above) => {
        expect(overlaySpec(below, {})).toEqual(below)
        expect(overlaySpec({}, above)).toEqual(above)
        expect(overlaySpec(overlaySpec(below, above), above)).toEqual(overlaySpec(below, above))
      }),
    )
  })
})

describe('matchesLabels', () => {
  it.each([
    [{}, {}, true],
    [{}, { a: '1' }, true],
    [{ a: '1' }, { a: '1', b: '2' }, true],
    [{ a: '' }, { a: '' }, true],
    [{ a: '' }, {}, false],
    [{ a: '1' }, { a: '2' }, false],
    [{ constructor: '' }, {}, false],
  ])('%j against %j: %s', (selector, labels, expected) => {
    expect(matchesLabels(selector as Record<string, string>, labels as Record<string, string>)).toBe(expected)
  })
})
