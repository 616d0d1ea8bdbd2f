// A Landfall of its own for one build: on loopback, with the one image and the one machine, gone afterwards.
import { findAccess } from '../cli/access.ts'
import { ApiClient } from '../cli/client.ts'
import { withDefaults, thisHost } from '../config/defaults.ts'
import { ConfigInput } from '../config/schema.ts'
import type { DiskImageTask } from '../contract/agent.ts'
import { Install } from '../contract/install.ts'
import { BulkResult } from '../contract/machine-bulk.ts'
import { Machine } from '../contract/machine.ts'
import type { PartialSpec } from '../contract/spec.ts'
import { freePort } from '../host/free-port.ts'
import { memoryAssets } from '../http/assets.ts'
import { startServer } from '../main.ts'
import { createLogger } from '../observe/logger.ts'
import { DiskImageError } from './errors.ts'
import { DISK_SERIAL, HOST_ADDRESS, MAC } from './virtual-machine.ts'

/** No host name, so that the system keeps the image's unless the spec names one: a machine's name would become it. */
const MACHINE_NAME = 'disk image'

export interface PrivateServerOptions {
  dataDir: string
  /** `host:port` that deployed systems upgrade from. */
  registry: string
  version: string
  diskImage: DiskImageTask
}

export interface PrivateServer extends AsyncDisposable {
  /** Assigns the image to the machine-to-be. Rejects with what the server refuses. */
  assign(image: string, spec: PartialSpec): Promise<string>
  install(id: string): Promise<Install>
  /** Of the installer, for that machine. */
  kernelArguments(): string[]
}

/** Serves on two free ports of loopback, which QEMU's user network shows to the guest. */
export async function startPrivateServer(options: PrivateServerOptions): Promise<PrivateServer> {
  const { dataDir, registry, version, diskImage } = options
  await using stack = new AsyncDisposableStack()
  const [http, https] = [await freePort(), await freePort()]
  const input = ConfigInput.parse({
    name: 'disk-image',
    dataDir,
    address: HOST_ADDRESS,
    registry,
    http: { host: '127.0.0.1', port: http },
    https: { host: '127.0.0.1', port: https },
    tftp: { enabled: false },
  })
  const config = withDefaults(input, thisHost())
  // Whatever goes wrong on the machine is told by its install; the log would be the private server's own bugs.
  const logger = createLogger({ level: 'error' })
  const server = await startServer({ config, version, web: memoryAssets({}), logger, diskImage })
  stack.defer(() => server.stop())
  const api = new ApiClient(findAccess({}, { dataDir }))
  stack.defer(() => api.close())
  const running = stack.move()
  return {
    async assign(image, spec) {
      const { id } = await api.call('POST', '/machines', Machine, { macs: [MAC], name: MACHINE_NAME })
      const disks = { ...spec.disks, disk: { serial: DISK_SERIAL } }
      const { results } = await api.call('POST', '/machines/bulk', BulkResult, {
        machines: [id],
        action: { type: 'assign', image, spec: { ...spec, disks, installer: 'agent', finish: 'poweroff' } },
      })
      const [result] = results
      if (result?.installId) return result.installId
      throw new DiskImageError('INSTALL_FAILED', `${result?.error?.code}: ${result?.error?.message}`)
    },
    install: (id) => api.call('GET', `/installs/${id}`, Install),
    kernelArguments: () => [...server.installerArguments(MAC), `BOOTIF=01-${MAC.replaceAll(':', '-')}`],
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }
}
