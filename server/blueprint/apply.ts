// From a blueprint to what Landfall does with it: a spec, and a list of every key that has no effect.
import { beyondDiskImage } from '../contract/agent-limits.ts'
import { KernelArgument, MachineSpec, PartialSpec } from '../contract/spec.ts'
import { applyDisks } from './apply-disks.ts'
import { applyFiles, filesOfSpec } from './apply-files.ts'
import { applyUsers } from './apply-users.ts'
import { BlueprintError } from './errors.ts'
import { Outcome } from './outcome.ts'
import type { AppliedBlueprint, BlueprintTarget } from './outcome.ts'
import type { Blueprint, Customizations } from './schema.ts'

const COMES_WITH_IMAGE = 'comes with the image: add it when the image is built'

/** Top-level keys without effect on an image that is there already. Name, description and version are remarks. */
const TOP_LEVEL = {
  distro: 'the image says which distribution it is',
  architecture: 'the image says which architecture it is for',
  packages: COMES_WITH_IMAGE,
  modules: COMES_WITH_IMAGE,
  enabled_modules: COMES_WITH_IMAGE,
  groups: COMES_WITH_IMAGE,
  containers: COMES_WITH_IMAGE,
} as const

const FOR_MEDIA = 'concerns installation media'

/** Customizations without effect, whatever they say. */
const WITHOUT_EFFECT = {
  installer: FOR_MEDIA,
  iso: FOR_MEDIA,
  ignition: 'images deployed by Landfall have no Ignition stage',
  bootloader: 'the menu waits three seconds',
  payload: COMES_WITH_IMAGE,
  partitioning_mode: "the layout is the spec's disks.scheme",
  fdo: 'FIDO device onboarding is not supported',
  openscap: COMES_WITH_IMAGE,
  repositories: COMES_WITH_IMAGE,
  rpm: COMES_WITH_IMAGE,
  rhsm: COMES_WITH_IMAGE,
  cacerts: COMES_WITH_IMAGE,
  dnf: COMES_WITH_IMAGE,
  firstboot: 'scripts of the first boot belong into the image, as units',
  'containers-storage': COMES_WITH_IMAGE,
} as const

/** Throws BlueprintError INVALID_VALUE for values that only together make no sense. */
export function applyBlueprint(blueprint: Blueprint, target: BlueprintTarget): AppliedBlueprint {
  const outcome = new Outcome(target)
  for (const [key, reason] of Object.entries(TOP_LEVEL)) {
    const value = blueprint[key as keyof typeof TOP_LEVEL]
    if (value !== undefined && value.length > 0) outcome.skip(key, reason)
  }
  const { customizations = {} } = blueprint
  for (const [key, reason] of Object.entries(WITHOUT_EFFECT)) {
    if (customizations[key as keyof typeof WITHOUT_EFFECT] !== undefined) outcome.skip(`customizations.${key}`, reason)
  }
  applySystem(customizations, outcome)
  applyUsers(customizations, outcome)
  applyFiles(customizations, outcome)
  applyDisks(customizations, outcome)
  if (target === 'disk-image') withdrawBeyondDiskImage(outcome)
  const { minRootSize, minDiskSize, notApplied } = outcome
  const ofSpec = target === 'machine'
  if (ofSpec && outcome.files.length > 0) outcome.spec.files = filesOfSpec(outcome.files)
  return { spec: checkedSpec(outcome.spec), files: ofSpec ? [] : outcome.files, minRootSize, minDiskSize, notApplied }
}

/** Host name, kernel arguments, time, language, firewall, services. */
function applySystem(customizations: Customizations, outcome: Outcome): void {
  const { hostname, kernel, fips, timezone, locale, firewall, services } = customizations
  const { spec } = outcome
  if (hostname !== undefined) spec.hostname = hostname
  if (kernel?.name !== undefined) outcome.skip('customizations.kernel.name', COMES_WITH_IMAGE)
  const kernelArguments = [...splitArguments(kernel?.append ?? ''), ...(fips === true ? ['fips=1'] : [])]
  if (kernelArguments.length > 0) spec.kernelArguments = kernelArguments

  if (timezone?.timezone !== undefined) spec.timezone = timezone.timezone
  if (timezone?.ntpservers !== undefined) spec.timeServers = timezone.ntpservers
  const [language, ...others] = locale?.languages ?? []
  if (language !== undefined) spec.language = language
  if (others.length > 0) outcome.skip('customizations.locale.languages[1]', 'a system has one language')
  if (locale?.keyboard !== undefined) spec.keyboard = locale.keyboard
  if (firewall !== undefined) applyFirewall(firewall, outcome)
  if (services !== undefined && Object.keys(services).length > 0) spec.services = services
}

function applyFirewall(firewall: NonNullable<Customizations['firewall']>, outcome: Outcome): void {
  const { ports, services, zones } = firewall
  const key = 'customizations.firewall'
  if (zones !== undefined) outcome.skip(`${key}.zones`, 'zones are not set up')
  if (services?.disabled !== undefined) outcome.skip(`${key}.services.disabled`, 'services are only added')
  if (ports === undefined && services?.enabled === undefined) return
  outcome.spec.firewall = {
    mode: 'enabled',
    ...(ports && { ports }),
    ...(services?.enabled && { services: services.enabled }),
  }
}

function splitArguments(append: string): string[] {
  const words = append.split(/\s+/).filter((word) => word !== '')
  const bad = words.find((word) => word.includes('"') || !KernelArgument.safeParse(word).success)
  if (bad === undefined) return words
  throw new BlueprintError('INVALID_VALUE', `customizations.kernel.append: ${bad} is not a kernel argument`)
}

/** What disk images cannot have yet is taken out of the spec and told by its keys. */
function withdrawBeyondDiskImage(outcome: Outcome): void {
  for (const path of beyondDiskImage(MachineSpec.parse(checkedSpec(outcome.spec)))) {
    outcome.withdraw(path, 'not yet possible in disk images')
  }
}

/** The spec's own rules, for what a blueprint's key alone cannot tell. */
function checkedSpec(spec: PartialSpec): PartialSpec {
  const parsed = PartialSpec.safeParse(spec)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw new BlueprintError('INVALID_VALUE', `customizations: ${issue?.path.join('.')}: ${issue?.message}`, {
    cause: parsed.error,
  })
}
