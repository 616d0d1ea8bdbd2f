// Runs the real HTTP listener for tests of what clients do to it: options as JSON in the only argument, `{"port":N}` on stdout once it
// listens. The file is `/boot/installer/vmlinuz`.

import { fileAssets } from '../../server/http/assets.ts'
import { listen } from '../../server/http/listen.ts'
import type { ListenOptions } from '../../server/http/listen.ts'
import { testBootApp } from '../server/http/boot/support.ts'

export interface HttpConfig extends Pick<ListenOptions, 'idleTimeout' | 'headersTimeout' | 'connections'> {
  file: string
}

const { file, ...options } = JSON.parse(process.argv[2] ?? '') as HttpConfig
const app = testBootApp({ assets: fileAssets({ 'installer/vmlinuz': file }) })
const { port, stop } = await listen({ app, host: '127.0.0.1', port: 0, configKey: 'http.port', ...options })
process.once('SIGTERM', () => void stop(0))
process.stdout.write(`${JSON.stringify({ port })}\n`)
