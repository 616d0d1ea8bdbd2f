// What the boot menu of a medium says: above all, what will be lost.
import { INSTALLED_FROM } from '../../server/contract/medium.ts'
import type { Medium, MediumEntry } from '../../server/contract/medium.ts'
import type { DiskSelector } from '../../server/contract/spec-disks.ts'
import { MachineSpec } from '../../server/contract/spec.ts'
import type { TemplateVariables } from '../../server/render/templates.ts'

/** Variables of the template `grub/medium.cfg`. With `confirm` no entry writes before a person has typed yes. */
export function menuVariables({ entries, server }: Medium, label: string, confirm: boolean): TemplateVariables {
  const { what, loss, consoles } = describe(entries)
  const network = server === undefined ? ['landfall.ip=none'] : []
  const common = [`landfall.medium=${label}`, ...network, ...consoles.map((name) => `console=${name}`)]
  const lines = [`Loading the installer. ${loss} will be lost${confirm ? ' once somebody types yes' : ''}.`]
  const asking = { lines, arguments: ['landfall.confirm', ...common] }
  return {
    label,
    installedFrom: INSTALLED_FROM,
    installs: confirm
      ? [{ id: 'install', title: `${what}, after asking`, ...asking }]
      : [
          { id: 'install', title: `${what}, wiping ${diskOf(entries)}`, lines, arguments: common },
          { id: 'ask', title: `${what}, but ask before anything is written`, ...asking },
        ],
  }
}

function describe(entries: readonly MediumEntry[]): { what: string; loss: string; consoles: readonly string[] } {
  const [first] = entries
  // Which machine it is, only the agent finds out: it has one set of consoles until then.
  const consoles = first?.spec.consoles ?? MachineSpec.parse({}).consoles
  const what = entries.length === 1 && first !== undefined ? `Install ${first.name}` : "Install what is this machine's"
  return { what, loss: `Everything on ${diskOf(entries)}`, consoles }
}

function diskOf(entries: readonly MediumEntry[]): string {
  const disks = new Set(
    entries.map(({ spec: { disks: layout } }) => {
      const further = layout.mirror ? [layout.mirror] : (layout.raid?.disks ?? [])
      return [layout.disk, ...further].map(describeSelector).join(' and ')
    }),
  )
  const [only] = disks
  return disks.size === 1 && only !== undefined ? only : 'the disk chosen for it'
}

/** Which disk a selector means, for people: `the disk with serial S3Z8`. */
export function describeSelector(selector: DiskSelector): string {
  const { serial, wwn, byId, byPath, pick, ...kinds } = selector
  if (typeof serial === 'string') return `the disk with serial ${serial}`
  if (typeof wwn === 'string') return `the disk with WWN ${wwn}`
  if (typeof byId === 'string') return `the disk ${byId}`
  if (typeof byPath === 'string') return `the disk at ${byPath}`
  if (pick !== undefined || Object.values(selector).some((value) => typeof value === 'object')) {
    return 'the disk that its conditions fit'
  }
  const { model, vendor, transport, rotational } = kinds
  const words = [
    rotational === undefined ? undefined : rotational ? 'rotating' : 'solid-state',
    transport === undefined || transport === 'other' ? undefined : transport.toUpperCase(),
  ].filter((word) => word !== undefined)
  const disk = `the only ${[...words, 'disk'].join(' ')}`
  const make = [vendor, model].filter((word) => typeof word === 'string').join(' ')
  if (make !== '') return `${disk} of model ${make}`
  return kinds.minSize === undefined && kinds.maxSize === undefined ? disk : `${disk} of the wanted size`
}
