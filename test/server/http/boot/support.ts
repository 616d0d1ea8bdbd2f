// A boot app over real templates and small assets, for tests of what goes over the wire.
import { join } from 'node:path'
import { bootApp } from '../../../../server/http/boot/app.ts'
import type { BootAppOptions } from '../../../../server/http/boot/app.ts'
import { memoryAssets } from '../../../../server/http/assets.ts'
import { createLogger } from '../../../../server/observe/logger.ts'
import { createMetrics } from '../../../../server/observe/metrics.ts'
import { loadTemplates } from '../../../../server/render/templates.ts'

const templates = await loadTemplates(join(import.meta.dirname, '../../../../templates'))
export const KERNEL = Buffer.from(Array.from({ length: 1000 }, (_, index) => index % 251))
const NAMES = {
  name: 'lab',
  defaultHost: '192.0.2.1',
  httpPort: 8080,
  httpsPort: 8443,
  caFingerprint: 'ab'.repeat(32),
}

export function testBootApp(options: Partial<BootAppOptions> = {}) {
  return bootApp({
    templates,
    assets: memoryAssets({
      'loaders/snponly.efi': 'MZ efi program',
      'installer/vmlinuz': KERNEL,
      'installer/empty': '',
      'ca.pem': '-----BEGIN CERTIFICATE-----\n',
    }),
    media: memoryAssets({}),
    decide: () => ({
      decision: 'discover',
      machine: 'new machine',
      reason: 'never seen before',
      token: 'lfi_abc',
      consoles: ['tty0'],
    }),
    grub: () => undefined,
    kickstart: async () => 'text\n',
    server: NAMES,
    readiness: () => [],
    logger: createLogger({ level: 'silent' }),
    metrics: createMetrics(),
    ...options,
  })
}
