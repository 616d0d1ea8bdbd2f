// Names of what is cached, and what of it each event makes out of date.

import type { QueryKey } from '@tanstack/react-query'
import type { Event } from '../../../server/contract/event.ts'

export const keys = {
  session: ['session'],
  loginOptions: ['login-options'],
  system: ['system'],
  images: ['images'],
  /** Below the images: what changes those changes it. */
  imageInspection: (reference: string) => ['images', 'inspection', reference],
  imageDifference: (...question: string[]) => ['images', 'difference', ...question],
  imageRoom: ['images', 'room'],
  imageFit: (reference: string, machineId: string) => ['machine', machineId, 'fit', reference],
  media: ['media'],
  profiles: ['profiles'],
  users: ['users'],
  tokens: ['tokens'],
  audit: ['audit'],
  network: ['network'],
  strangers: ['strangers'],
  overview: ['overview'],
  /** Receivers and all pages of deliveries. */
  webhooks: ['webhooks'],
  /** All pages of all filters. */
  machines: ['machines'],
  machine: (id: string) => ['machine', id],
  /** Below the machine: what changes that changes it. */
  machineKickstart: (id: string) => ['machine', id, 'kickstart'],
  machineFactHistory: (id: string) => ['machine', id, 'fact-history'],
  machineTrace: (id: string) => ['machine', id, 'trace'],
  machineEvents: (id: string) => ['machine-events', id],
  machineInstalls: (id: string) => ['machine-installs', id],
  install: (id: string) => ['install', id],
  installLog: (id: string) => ['install-log', id],
} as const satisfies Record<string, QueryKey | ((...of: string[]) => QueryKey)>

/** What has to be asked again after an event. Bytes come with the event itself, see progressOf. */
export function outdatedBy({ type, machineId, installId }: Event): QueryKey[] {
  if (type === 'install.progress') return []
  if (type === 'install.log') return installId === null ? [] : [keys.installLog(installId)]
  if (type.startsWith('webhook.'))
    return [keys.webhooks, ...(machineId === null ? [] : [keys.machineEvents(machineId)])]
  if (type.startsWith('image.')) return [keys.images]
  if (type.startsWith('media.')) return [keys.media]
  if (type.startsWith('server.') || (type.startsWith('dhcp.') && machineId === null)) return [keys.system, keys.network]
  if (type.startsWith('user.')) return [keys.users, keys.session]
  if (type.startsWith('token.')) return [keys.tokens]
  if (type === 'profile.changed') return [keys.profiles, keys.machines, ['machine']]
  return [
    ...(machineId === null
      ? []
      : [
          keys.machines,
          keys.machine(machineId),
          keys.machineEvents(machineId),
          keys.machineInstalls(machineId),
          keys.images,
        ]),
    ...(installId === null ? [] : [keys.install(installId)]),
  ]
}
