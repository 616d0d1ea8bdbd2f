// Units of the spec switched on and off by the image's own systemctl, which knows what of it belongs where.
import type { MachineSpec } from '../../../server/contract/spec.ts'
import { AgentError } from '../errors.ts'
import { CommandError } from '../sys/command.ts'
import { refusedBy } from './refused-by.ts'
import type { NewFile } from './new-file.ts'
import type { ImageTree } from './tree.ts'

/** What `firewall-offline-cmd` switches. */
const FIREWALL_UNIT = 'firewalld.service'

type Services = MachineSpec['services']

const SUFFIXES = /\.(service|socket|device|mount|automount|swap|target|path|timer|slice|scope)$/

/** Offline, and on the root of the sandbox: nothing is asked of a running systemd. */
const systemctl = (tree: Pick<ImageTree, 'run'>, ...args: string[]) => tree.run('systemctl', ['--root=/', ...args])

/** Refuses before anything is switched what the image does not have. Throws AgentError CONFIGURE_FAILED; CommandError. */
export async function checkServices(tree: Pick<ImageTree, 'run'>, services: Services): Promise<void> {
  const { enabled, disabled, masked } = services
  const asked = [...enabled, ...disabled, ...masked].map(unitName)
  if (asked.length === 0) return
  const twice = asked.find((unit, at) => asked.indexOf(unit) !== at)
  if (twice !== undefined) throw refused(`services has ${twice} twice`, 'leave one of them out')
  const { stdout } = await systemctl(tree, 'list-unit-files', '--full', '--no-legend', '--no-pager')
  const states = new Map(stdout.split('\n').map((line) => line.trim().split(/\s+/).slice(0, 2) as [string, string]))
  const unknown = asked.filter((unit) => !states.has(unit) && !states.has(templateOf(unit)))
  if (unknown.length > 0) {
    const hint = '`systemctl list-unit-files` in the image shows those there are'
    throw refused(`the image has no unit ${unknown.join(', ')}`, hint)
  }
  const fixed = enabled.map(unitName).filter((unit) => states.get(unit) === 'static')
  if (fixed.length > 0) {
    throw refused(
      `${fixed.join(', ')} cannot be enabled: nothing in the unit says what would start it`,
      'leave it out: a unit without [Install] is started by others',
    )
  }
}

/** Switches them in the deployment's /etc, which is the sandbox's. Throws AgentError CONFIGURE_FAILED with what systemctl said. */
export async function switchServices(tree: Pick<ImageTree, 'run'>, services: Services): Promise<void> {
  for (const [verb, units] of [
    ['disable', services.disabled],
    ['mask', services.masked],
    ['enable', services.enabled],
  ] as const) {
    if (units.length === 0) continue
    const names = units.map(unitName)
    await systemctl(tree, verb, '--', ...names).catch((error: unknown) => {
      throw refusedBy(error, `services: systemctl cannot ${verb} ${names.join(', ')}`)
    })
  }
}

/**
 * The same as presets: at a first boot systemd applies those of the image, and would enable again what is disabled here.
 * systemd.preset(5): the first file by name that mentions a unit counts.
 */
export function presets({ enabled, disabled }: Services, firewall: MachineSpec['firewall']['mode']): NewFile[] {
  const verbs = { image: [], enabled: ['enable'], disabled: ['disable'] }
  const lines = [
    ...enabled.map((unit) => `enable ${unitName(unit)}`),
    ...disabled.map((unit) => `disable ${unitName(unit)}`),
    ...verbs[firewall].map((verb) => `${verb} ${FIREWALL_UNIT}`),
  ]
  if (lines.length === 0) return []
  const text = lines.map((line) => `${line}\n`).join('')
  return [{ path: 'etc/systemd/system-preset/00-landfall.preset', text, mode: 0o644 }]
}

/** Whether one of these units will be started. */
export async function anyEnabled(tree: Pick<ImageTree, 'run'>, ...units: string[]): Promise<boolean> {
  for (const unit of units) {
    try {
      await systemctl(tree, 'is-enabled', '--quiet', unit)
      return true
    } catch (error) {
      if (!(error instanceof CommandError) || error.reason !== 'exit') throw error
    }
  }
  return false
}

/** systemctl takes a name without a suffix for a service. */
function unitName(name: string): string {
  return SUFFIXES.test(name) ? name : `${name}.service`
}

/** `getty@tty1.service` is made of `getty@.service`. */
function templateOf(unit: string): string {
  return unit.replace(/@.+(\.[a-z]+)$/, '@$1')
}

function refused(message: string, hint: string): AgentError {
  return new AgentError('CONFIGURE_FAILED', message, { hint })
}
