// Who answers the fixtures of test/fixtures/dhcp: the `mode` of their first lines.
import { createProxy } from '../../../server/dhcp/proxy.ts'
import type { Responder } from '../../../server/dhcp/reply.ts'
import { LINK, testServer, usualBoot } from './messages.ts'

export const RESPONDERS: Record<string, () => Responder> = {
  server: () => testServer(),
  proxy: () => createProxy({ bootFileFor: usualBoot, ownAddresses: () => new Set([LINK.address]) }),
  'proxy-no-boot': () => createProxy({ bootFileFor: () => ({ kind: 'no-boot' }), ownAddresses: () => new Set() }),
  'no-boot': () => testServer({ bootFileFor: () => ({ kind: 'no-boot' }) }),
}
