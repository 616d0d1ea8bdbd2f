// The agent's whole install of the demo image onto a loop device, against a server that stands in for Landfall. A program, to be killed; its
// last line is the outcome:
//   node install-onto.ts '{"device":"/dev/loop0","folder":"/tmp/x","url":"https://127.0.0.1:1","ca":"...","digest":"sha256:..."}'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { textConsole } from '../../boot-assets/agent/console.ts'
import { serverImages } from '../../boot-assets/agent/link/server-images.ts'
import { Server } from '../../boot-assets/agent/link/server.ts'
import { Session } from '../../boot-assets/agent/link/session.ts'
import { install } from '../../boot-assets/agent/stages/install.ts'
import type { InstallContext, InstallOutcome } from '../../boot-assets/agent/stages/install.ts'
import { realHost } from '../../boot-assets/agent/sys/host.ts'
import type { Host } from '../../boot-assets/agent/sys/host.ts'
import { InstallTask } from '../../server/contract/agent.ts'
import { MachineSpec } from '../../server/contract/spec.ts'
import { facts, plan } from '../agent/examples.ts'

export const DISK_SIZE = 6144 * 2 ** 20
export const TARGET = 'registry.example:8443/landfall/demo:1'
const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFakeFakeFakeFakeFakeFakeFakeFakeFakeFake admin@example'

export interface InstallWish {
  device: string
  /** For mounts, and `esp` of it as the ESP. */
  folder: string
  url: string
  ca: string
  digest: string
}

/** Says on standard output what went wrong, if anything; with VERBOSE everything. */
async function installOnto({ device, folder, url, ca, digest }: InstallWish): Promise<InstallOutcome> {
  const server = new Server(url, ca)
  const lines: string[] = []
  const session = new Session({
    server,
    installToken: 'install-token',
    describe: async () => ({
      bootMac: '52:54:00:12:34:56',
      facts,
      agentVersion: '0',
      bootId: '01890000-0000-7000-8000-000000000002',
    }),
    onTrouble: () => {},
  })
  const context: InstallContext = {
    host: withoutVfat(realHost, join(folder, 'mnt/boot/efi'), join(folder, 'esp')),
    console: textConsole(process.env['VERBOSE'] ? process.stdout : { write: (text: string) => lines.push(text) }),
    identify: async () => facts,
    planDisks: () => plan({ name: device.replace('/dev/', ''), size: DISK_SIZE, device }),
    mountPoint: join(folder, 'mnt'),
    volumes: join(folder, 'volumes'),
    stage: join(folder, 'stage'),
    peakRss: () => process.resourceUsage().maxRSS * 1024,
  }
  const { installId, spec, image, nextEvent, confirmToken } = InstallTask.parse({
    type: 'install',
    installId: '01890000-0000-7000-8000-000000000003',
    generation: 1,
    spec: MachineSpec.parse({
      hostname: 'web1',
      rootSshKeys: [KEY],
      users: [{ name: 'ops', sshKeys: [KEY], groups: ['adm'] }],
      kernelArguments: ['quiet'],
      timezone: 'Europe/Rome',
      services: { masked: ['fstrim.timer'] },
    }),
    image: { repository: 'landfall/demo', digest, targetReference: TARGET },
    confirmToken: 'confirm-secret',
    nextEvent: 1,
  })
  const result = await install(context, {
    type: 'install',
    task: { installId, spec, image, nextEvent },
    images: serverImages(server, { ca }),
    link: session,
    confirmation: { url: server.url, token: confirmToken, installId, ca },
    medium: undefined,
  })
  server.close()
  if (result.state === 'failed') console.log(lines.join(''))
  return result
}

/** The build machine's kernel may have no vfat: the ESP becomes a bind mount of a folder. udev may be missing, too. */
export function withoutVfat(host: Host, mountPoint: string, esp: string): Host {
  return {
    ...host,
    run: async (command, args = [], options) => {
      if (command === 'udevadm') return { stdout: '', stderr: '', exitCode: 0 }
      if (command === 'mount' && args.includes('vfat')) {
        await mkdir(esp, { recursive: true })
        return host.run('mount', ['--bind', esp, mountPoint])
      }
      return host.run(command, args, options)
    },
  }
}

if (import.meta.main) console.log(JSON.stringify(await installOnto(JSON.parse(process.argv[2]!) as InstallWish)))
