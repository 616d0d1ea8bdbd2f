// Language, time and services as kickstart commands.
import type { MachineSpec } from '../contract/spec.ts'
import { ksCommand } from './command.ts'
import { KickstartError } from './errors.ts'

const LANGUAGE = 'en_US.UTF-8'
const KEYBOARD = 'us'
const TIMEZONE = 'Etc/UTC'

/**
 * Everything Anaconda would ask for otherwise. The bootc command knows neither firewall nor services: the image decides. Throws
 * SPEC_UNSUPPORTED for units to mask.
 */
export function systemCommands(spec: MachineSpec): string[] {
  const { language, keyboard, timezone, timeServers, selinux, firewall, services, engine } = spec
  const lines = [
    ksCommand('lang', {}, language ?? LANGUAGE),
    ksCommand('keyboard', { vckeymap: keyboard ?? KEYBOARD, xlayouts: keyboard ?? KEYBOARD }),
    ksCommand('timezone', { utc: true }, timezone ?? TIMEZONE),
    ...timeServers.map((server) => ksCommand('timesource', { 'ntp-server': server })),
  ]
  if (selinux !== 'image') lines.push(ksCommand('selinux', { [selinux]: true }))
  if (services.masked.length > 0) {
    throw new KickstartError('SPEC_UNSUPPORTED', 'services.masked: no kickstart command masks units', {
      hint: 'disable them, mask them in kickstart.post, or set installer to agent',
    })
  }
  if (engine === 'bootc') return lines
  lines.push(
    firewall.mode === 'image'
      ? // Without any command Anaconda would open SSH in a firewall that the image may have closed.
        ksCommand('firewall', { 'use-system-defaults': true })
      : ksCommand('firewall', {
          [firewall.mode]: true,
          ...(firewall.mode === 'enabled' && {
            service: nonEmpty(firewall.services),
            port: nonEmpty(firewall.ports),
          }),
        }),
  )
  const { enabled, disabled } = services
  if (enabled.length > 0 || disabled.length > 0) {
    lines.push(ksCommand('services', { enabled: nonEmpty(enabled), disabled: nonEmpty(disabled) }))
  }
  return lines
}

function nonEmpty<T>(list: readonly T[]): readonly T[] | undefined {
  return list.length > 0 ? list : undefined
}
