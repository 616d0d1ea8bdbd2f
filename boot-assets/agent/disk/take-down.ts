// Stops what still holds a disk: arrays, encryption and volumes of an install that was killed, or that is done.
import type { Host } from '../sys/host.ts'
import { NO_UDEV } from './layers.ts'

/** Closes everything that lies on the disk or its partitions, the topmost first. Nothing of it may be mounted. Throws CommandError. */
export async function takeDown(host: Host, disk: string): Promise<void> {
  for (const name of [disk, ...(await partitionNames(host, disk))]) {
    for (const holder of await host.list(`/sys/class/block/${name}/holders`)) {
      await takeDown(host, holder)
      const mapped = await host.read(`/sys/class/block/${holder}/dm/name`)
      const command =
        mapped === undefined ? ['mdadm', '--stop', `/dev/${holder}`] : ['dmsetup', 'remove', '--retry', mapped]
      await host.run(command[0]!, command.slice(1), { env: NO_UDEV })
    }
  }
}

/** Kernel names of the partitions that the kernel knows now. */
export async function partitionNames(host: Host, disk: string): Promise<string[]> {
  return (await host.list(`/sys/class/block/${disk}`)).filter((name) => name.startsWith(disk))
}
