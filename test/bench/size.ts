// How much a machine has to load before anything of ours runs.
import { stat } from 'node:fs/promises'
import { buildInstaller } from '../../boot-assets/installer/build.ts'
import type { Bench } from './result.ts'

export const size: Bench = {
  name: 'size',
  about: 'bytes of kernel and initramfs',
  async run(say) {
    const { vmlinuz, initrd } = await buildInstaller({ arch: 'amd64', log: say })
    const sizes = await Promise.all([vmlinuz, initrd].map(async (file) => (await stat(file)).size))
    const value = sizes.reduce((sum, bytes) => sum + bytes, 0)
    return [{ metric: 'installer_bytes', unit: 'bytes', value, runs: 1, goal: 95e6 }]
  },
}
