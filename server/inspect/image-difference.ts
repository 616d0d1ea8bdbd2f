// What an image has that another has not. Pure.
import type { Change, ImageDifference, PlatformInspection } from '../contract/image-inspection.ts'
import type { Package } from '../contract/layer-facts.ts'

export interface ComparedImage {
  reference: string
  inspection: PlatformInspection
  /** Undefined where they are not known. */
  packages: readonly Package[] | undefined
}

export function imageDifference(from: ComparedImage, to: ComparedImage): ImageDifference {
  const [before, after] = [from.inspection, to.inspection]
  const [had, has] = [layersOf(before), layersOf(after)]
  const shared = [...has].filter(([digest]) => had.has(digest))
  const added = [...has].filter(([digest]) => !had.has(digest))
  const sum = (layers: [string, number][]) => layers.reduce((total, [, size]) => total + size, 0)
  const [argumentsBefore, argumentsAfter] = [before.kernelArguments ?? [], after.kernelArguments ?? []]
  return {
    architecture: after.architecture,
    from: { reference: from.reference, digest: before.digest },
    to: { reference: to.reference, digest: after.digest },
    layers: {
      shared: shared.length,
      sharedBytes: sum(shared),
      added: added.length,
      transferBytes: sum(added),
      removed: [...had.keys()].filter((digest) => !has.has(digest)).length,
    },
    facts: changes(new Map(factsOf(before)), new Map(factsOf(after))),
    packages: from.packages && to.packages ? changes(versionsOf(from.packages), versionsOf(to.packages)) : null,
    kernelArguments: {
      added: argumentsAfter.filter((argument) => !argumentsBefore.includes(argument)),
      removed: argumentsBefore.filter((argument) => !argumentsAfter.includes(argument)),
    },
    labels: changes(new Map(Object.entries(before.labels)), new Map(Object.entries(after.labels))),
  }
}

function layersOf({ layers }: PlatformInspection): Map<string, number> {
  return new Map(layers.map(({ digest, size }) => [digest, size]))
}

function factsOf(image: PlatformInspection): [string, string][] {
  const { os, kernels, bootc, ostree, bootupd, bootloader, selinux, rootFilesystem, kind, engine } = image
  const facts: [string, string | null | undefined][] = [
    ['system', os?.name],
    ['version', os?.version],
    ['kernel', kernels.map(({ version }) => version).join(', ') || null],
    ['bootc', bootc.version],
    ['ostree', ostree.version],
    ['bootupd', bootupd.version],
    ['boot loader', bootloader.kind],
    ['SELinux', selinux && `${selinux.policy}, ${selinux.mode}`],
    ['root file system', rootFilesystem],
    ['layers', kind],
    ['engine', engine],
  ]
  return facts.filter((fact): fact is [string, string] => fact[1] !== null && fact[1] !== undefined)
}

/** Several versions of one package, as of kernels, are one text. */
function versionsOf(packages: readonly Package[]): Map<string, string> {
  const byName = Map.groupBy(packages, ({ name, architecture }) => `${name}.${architecture}`)
  return new Map(
    byName.entries().map(([name, list]) => [
      name,
      list
        .map(({ version }) => version)
        .sort()
        .join(', '),
    ]),
  )
}

function changes(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): Change[] {
  return [...new Set([...before.keys(), ...after.keys()])]
    .map((name) => ({ name, from: before.get(name) ?? null, to: after.get(name) ?? null }))
    .filter(({ from, to }) => from !== to)
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}
