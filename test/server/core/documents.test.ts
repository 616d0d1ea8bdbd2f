import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { machineDocument, profileDocument } from '../../../server/contract/document.ts'
import type { ApplyItem, Document } from '../../../server/contract/document.ts'
import { PartialSpec, SECRET_MASK } from '../../../server/contract/spec.ts'
import { documentYaml } from '../../../server/documents/write-yaml.ts'
import { readDocuments } from '../../../server/documents/read-yaml.ts'
import type { ApplyOptions, MachineDraft } from '../../../server/core/documents.ts'
import { testCore } from '../../helpers/store-fakes.ts'
import type { TestCore } from '../../helpers/store-fakes.ts'

const BY = { actor: 'user:ann', scope: null }
const mac = (index: number) => `52:54:00:00:00:0${index}`
const HASH = '$6$salt$hash'

const WEB: Document = {
  kind: 'machine',
  name: 'web-1',
  macs: [mac(1)],
  labels: { rack: 'r1' },
  spec: { image: 'os/web:stable', rootPassword: HASH },
}
const RACK: Document = {
  kind: 'profile',
  name: 'rack',
  selector: { rack: 'r1' },
  priority: 3,
  spec: { finish: 'kexec' },
}

function apply(
  core: TestCore,
  documents: readonly (Document | MachineDraft)[],
  options: ApplyOptions = {},
  by: Parameters<TestCore['documents']['apply']>[2] = BY,
) {
  const wanted = documents.map((document, at) => ({ document: document as Document, place: `document ${at + 1}` }))
  return core.documents.apply(wanted, options, by)
}

function outcomes({ results }: { results: readonly ApplyItem[] }) {
  return results.map(({ outcome, error }) => error?.code ?? outcome)
}

/** As `landfall get` has it. */
function exported({ inventory, profiles }: TestCore): Document[] {
  const machines = inventory.list().map(({ id }) => machineDocument(inventory.toMachine(id)))
  return [...machines, ...profiles.list().map(profileDocument)]
}

describe('apply', () => {
  it('creates what is not there, and the second time finds nothing to do', () => {
    const core = testCore()
    expect(apply(core, [RACK, WEB])).toMatchObject({
      applied: true,
      results: [
        { outcome: 'created' },
        { outcome: 'created', changes: [{ path: 'name', after: 'web-1' }, {}, {}, {}, {}] },
      ],
    })
    const id = core.inventory.list()[0]!.id
    expect(core.inventory.toMachine(id)).toMatchObject({ labels: { rack: 'r1' }, origins: { finish: 'profile:rack' } })
    const told = core.events.last()
    expect(outcomes(apply(core, [RACK, WEB]))).toEqual(['unchanged', 'unchanged'])
    expect(core.events.last()).toBe(told)
    expect(core.inventory.get(id).revision).toBe(1)
  })

  it('changes what differs, tells it value by value, and no secret', () => {
    const core = testCore()
    apply(core, [WEB])
    const changed = { ...WEB, labels: { row: '2' }, spec: { image: 'os/web:next', rootPassword: '$6$salt$other' } }
    const { results } = apply(core, [changed])
    expect(results[0]!.changes).toEqual([
      { path: 'labels.row', after: '2' },
      { path: 'spec.image', before: 'os/web:stable', after: 'os/web:next' },
      { path: 'spec.rootPassword', before: SECRET_MASK, after: SECRET_MASK },
      { path: 'labels.rack', before: 'r1' },
    ])
    expect(core.inventory.get(results[0]!.id!)).toMatchObject({ labels: { row: '2' }, revision: 2 })
  })

  it('leaves alone what a document does not name', () => {
    const core = testCore()
    apply(core, [WEB, RACK])
    expect(outcomes(apply(core, [{ kind: 'machine', name: 'web-1' }]))).toEqual(['unchanged'])
    expect(outcomes(apply(core, [{ kind: 'profile', name: 'rack', selector: { rack: 'r1' } }]))).toEqual(['unchanged'])
  })

  it('knows a machine by a MAC and gives it its name; MACs only ever come', () => {
    const core = testCore()
    const { id } = core.inventory.discover({ mac: mac(1) })
    const { results } = apply(core, [{ kind: 'machine', name: 'web-1', macs: [mac(1), mac(2)] }])
    expect(results).toMatchObject([{ id, outcome: 'changed' }])
    expect(core.inventory.toSummary(id)).toMatchObject({ name: 'web-1', macs: [mac(1), mac(2)] })
    expect(outcomes(apply(core, [{ kind: 'machine', name: 'web-1', macs: [mac(2)] }]))).toEqual(['unchanged'])
    expect(outcomes(apply(core, [{ kind: 'machine', name: 'web-1', macs: [mac(3), mac(3)] }]))).toEqual(['changed'])
  })

  it('keeps secrets that come back masked, and refuses masks of none', () => {
    const core = testCore()
    apply(core, [WEB])
    expect(outcomes(apply(core, exported(core)))).toEqual(['unchanged'])
    const other = { ...WEB, name: 'web-2', macs: [mac(2)], spec: { rootPassword: SECRET_MASK } }
    expect(outcomes(apply(core, [other]))).toEqual(['VALIDATION'])
  })

  it('writes nothing when one is refused, and tells what would have come of the others', () => {
    const core = testCore()
    apply(core, [WEB])
    const told = core.events.last()
    const bad: Document = { kind: 'machine', name: 'web-3' }
    const result = apply(core, [{ ...WEB, labels: {} }, bad, RACK])
    expect(result).toMatchObject({ applied: false, results: [{ outcome: 'changed' }, { id: null }, { id: null }] })
    expect(outcomes(result)).toEqual(['changed', 'VALIDATION', 'created'])
    expect([core.events.last(), core.profiles.list(), core.inventory.list()[0]!.labels]).toEqual([
      told,
      [],
      { rack: 'r1' },
    ])
  })

  it('applies the others where those that are refused may be left out', () => {
    const core = testCore()
    const result = apply(core, [{ kind: 'machine', name: 'web-3' }, WEB], { skipRefused: true })
    expect([result.applied, core.inventory.list().length]).toEqual([true, 1])
  })

  it('writes nothing in a dry run', () => {
    const core = testCore()
    expect(apply(core, [WEB, RACK], { dryRun: true })).toMatchObject({ applied: false, results: [{ id: null }, {}] })
    expect([core.inventory.list(), core.profiles.list()]).toEqual([[], []])
  })

  it('lays a row of an inventory over what is there', () => {
    const core = testCore()
    apply(core, [WEB])
    const row: MachineDraft = { kind: 'machine', macs: [mac(1)], labels: { row: '2' }, spec: { image: 'os/web:next' } }
    const { results } = apply(core, [row], { overlay: true })
    expect(core.inventory.get(results[0]!.id!)).toMatchObject({
      name: 'web-1',
      labels: { rack: 'r1', row: '2' },
      ownSpec: { image: 'os/web:next', rootPassword: HASH },
    })
  })

  it.each<[string, Document[], string[]]>([
    ['the same machine twice', [WEB, { ...WEB, labels: {} }], ['created', 'CONFLICT']],
    ['two names for one MAC', [WEB, { ...WEB, name: 'web-2' }], ['created', 'CONFLICT']],
    ['the same profile twice', [RACK, RACK], ['created', 'CONFLICT']],
    ['a group address', [{ ...WEB, macs: ['01:00:5e:00:00:01'] }], ['VALIDATION']],
  ])('refuses %s', (_, documents, expected) => {
    expect(outcomes(apply(testCore(), documents))).toEqual(expected)
  })

  it('says what a row lacks that names nothing', () => {
    const { results } = apply(testCore(), [{ kind: 'machine', labels: { rack: 'r1' } }])
    expect(results[0]!.error).toMatchObject({ code: 'VALIDATION', message: 'it has neither a name nor a MAC' })
  })

  it('refuses a name and a MAC of two machines', () => {
    const core = testCore()
    apply(core, [WEB, { ...WEB, name: 'web-2', macs: [mac(2)] }])
    const { results } = apply(core, [{ ...WEB, macs: [mac(2)] }])
    expect(results[0]!.error).toMatchObject({
      code: 'CONFLICT',
      message: `the name web-1 is of machine web-1, MAC ${mac(2)} of machine web-2`,
    })
  })

  it('stays within the scope of whoever applies', () => {
    const core = testCore()
    apply(core, [WEB])
    const by = { actor: 'a', scope: { rack: 'r2' } }
    const own = { ...WEB, name: 'web-2', macs: [mac(2)], labels: { rack: 'r2' } }
    const strange = { ...own, name: 'web-3', macs: [mac(3)], labels: {} }
    const result = apply(core, [WEB, RACK, own, strange], { skipRefused: true }, by)
    expect(outcomes(result)).toEqual(['OUT_OF_SCOPE', 'OUT_OF_SCOPE', 'created', 'OUT_OF_SCOPE'])
    expect(outcomes(apply(core, [{ ...own, labels: { rack: 'r1' } }], {}, by))).toEqual(['OUT_OF_SCOPE'])
    const other = { ...WEB, name: 'db-1', macs: [mac(4)] }
    apply(core, [other])
    const { results } = apply(
      core,
      [
        { ...own, macs: [mac(4)] },
        { ...own, macs: [mac(2), mac(4)] },
      ],
      {},
      by,
    )
    expect(results.map(({ error }) => error?.code)).toEqual(['OUT_OF_SCOPE', 'OUT_OF_SCOPE'])
    expect(JSON.stringify(results.map(({ error }) => error))).not.toContain('db-1')
  })
})

describe('documents of what is there', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('a\nb\n', ' a\n', 'a \nb', '#x\n---\n', '- a\n\n\n'),
  )
  const spec = fc.record(
    {
      image: fc.string({ minLength: 1 }),
      finish: fc.constantFrom('reboot' as const, 'kexec' as const),
      kernelArguments: fc.array(fc.constantFrom('quiet', 'a=b', '~', 'null')),
      rootPassword: fc.constant(HASH),
      disks: fc.record(
        { rootSize: fc.constant(4 * 2 ** 30), disk: fc.constant({ serial: '0x1' }) },
        { requiredKeys: [] },
      ),
      files: fc
        .array(fc.record({ content: text.filter((one) => one.isWellFormed()), secret: fc.boolean() }), { maxLength: 3 })
        .map((files) => files.map((file, at) => ({ path: `/etc/a${at}`, ...file }))),
    },
    { requiredKeys: [] },
  )
  const labels = fc.dictionary(
    fc.constantFrom('rack', 'row', 'no', 'a/b'),
    fc.string({ unit: 'binary', maxLength: 20 }),
  )

  it('come back from a file as they were, and change nothing', () => {
    fc.assert(
      fc.property(spec, labels, fc.integer(), (given, some, priority) => {
        const core = testCore()
        const parsed = PartialSpec.parse(given)
        apply(core, [
          { ...WEB, labels: some, spec: parsed },
          { kind: 'profile', name: 'p', selector: some, priority, spec: parsed },
        ])
        const documents = exported(core)
        const read = readDocuments(documents.map(documentYaml).join('\n'))
        expect(read.problems).toEqual([])
        expect(read.documents.map(({ document }) => document)).toEqual(documents)
        const again = apply(
          core,
          read.documents.map(({ document }) => document),
        )
        expect(again.results.map(({ outcome, error }) => error ?? outcome)).toEqual(['unchanged', 'unchanged'])
      }),
      { numRuns: 25, seed: 1121 },
    )
  })
})
