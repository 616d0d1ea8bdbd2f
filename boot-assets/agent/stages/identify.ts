// Finds out what this machine is.
import { networkInterfaces, release } from 'node:os'
import type { EraseAbility } from '../../../server/contract/erase.ts'
import type { Facts, NicFacts } from '../../../server/contract/facts.ts'
import { Facts as FactsSchema } from '../../../server/contract/facts.ts'
import { readAtaSecurity } from '../disk/erase-ata.ts'
import { readSanitizeLog } from '../disk/erase-nvme.ts'
import { AgentError } from '../errors.ts'
import { parseCpuinfo, parseMemTotal } from '../facts/cpu.ts'
import { describeDisk, LSBLK_COLUMNS, parseLsblk, parseWipefs } from '../facts/disks.ts'
import type { DiskLinks } from '../facts/disks.ts'
import { ataAbilities, nvmeAbilities } from '../facts/erasure.ts'
import { parseSecureBoot, parseTpm, SECURE_BOOT_FILE } from '../facts/firmware.ts'
import { parseNic } from '../facts/nics.ts'
import { parseSmbios, SMBIOS_FILES } from '../facts/smbios.ts'
import type { Host } from '../sys/host.ts'
import { agentVersion } from '../version.ts'

/** Reads everything the server wants to know; `bootMac` marks the NIC that booted. Throws AgentError INTERNAL. */
export async function identify(host: Host, bootMac: string | undefined): Promise<Facts> {
  const [smbios, cpuinfo, meminfo, nics, disks, efi, secureBoot, tpm] = await Promise.all([
    readSmbios(host),
    host.read('/proc/cpuinfo'),
    host.read('/proc/meminfo'),
    readNics(host, bootMac),
    readDisks(host),
    host.resolve('/sys/firmware/efi'),
    host.readBytes(SECURE_BOOT_FILE),
    host.read('/sys/class/tpm/tpm0/tpm_version_major'),
  ])
  const tpmVersion = parseTpm(tpm)
  return FactsSchema.parse({
    collectedAt: new Date().toISOString(),
    architecture: readArchitecture(),
    firmware: efi === undefined ? 'bios' : 'uefi',
    secureBoot: parseSecureBoot(secureBoot),
    ...(tpmVersion === undefined ? {} : { tpm: tpmVersion }),
    smbios,
    cpu: parseCpuinfo(cpuinfo ?? ''),
    memoryBytes: parseMemTotal(meminfo ?? '') ?? 1,
    nics,
    disks,
    installer: { kernel: release(), version: agentVersion },
  } satisfies Facts)
}

/** The NIC that booted, else the first with link, else the first. Throws AgentError when the machine has none. */
export function bootNic(nics: readonly NicFacts[]): NicFacts {
  const nic = nics.find((one) => one.boot) ?? nics.find((one) => one.link) ?? nics[0]
  if (nic === undefined) {
    throw new AgentError('NETWORK', 'this machine has no network interface the installer has a driver for')
  }
  return nic
}

function readArchitecture(): Facts['architecture'] {
  if (process.arch === 'x64') return 'amd64'
  if (process.arch === 'arm64') return 'arm64'
  throw new AgentError('INTERNAL', `the installer does not support the architecture ${process.arch}`)
}

async function readSmbios(host: Host): Promise<Facts['smbios']> {
  const entries = Object.entries(SMBIOS_FILES).map(
    async ([name, file]) => [name, await host.read(`/sys/class/dmi/id/${file}`)] as const,
  )
  return parseSmbios(Object.fromEntries(await Promise.all(entries)))
}

async function readNics(host: Host, bootMac: string | undefined): Promise<NicFacts[]> {
  const addresses = networkInterfaces()
  const nics = await Promise.all(
    (await host.list('/sys/class/net')).map(async (name) => {
      const folder = `/sys/class/net/${name}`
      return parseNic(
        {
          name,
          address: await host.read(`${folder}/address`),
          devicePath: await host.resolve(`${folder}/device`),
          driverPath: await host.resolve(`${folder}/device/driver`),
          carrier: await host.read(`${folder}/carrier`),
          speed: await host.read(`${folder}/speed`),
          addresses: (addresses[name] ?? []).map(({ cidr, address }) => cidr ?? address),
        },
        bootMac,
      )
    }),
  )
  return nics.filter((nic) => nic !== undefined)
}

async function readDisks(host: Host): Promise<Facts['disks']> {
  const { stdout } = await host.run('lsblk', ['--json', '--bytes', '--output', LSBLK_COLUMNS])
  const devices = parseLsblk(stdout)
  const links = { byId: await readLinks(host, '/dev/disk/by-id'), byPath: await readLinks(host, '/dev/disk/by-path') }
  const disks = devices.map(async (device) => {
    const nodes = [
      device.name,
      ...(device.children ?? []).filter(({ type }) => type === 'part').map(({ name }) => name),
    ]
    // A disk that cannot be read is still a fact; its signatures stay unknown.
    const signatures = await host
      .run('wipefs', ['--json', '--no-act', ...nodes.map((name) => `/dev/${name}`)])
      .then((result) => parseWipefs(result.stdout))
      .catch(() => new Map<string, string[]>())
    const names = devices.map(({ name }) => name)
    return describeDisk(device, signatures, links, await readErasure(host, device, names))
  })
  return Promise.all(disks)
}

/** How a disk can erase itself; nothing where it, or its controller, does not answer. */
async function readErasure(
  host: Host,
  { name, tran }: { name: string; tran?: string | null | undefined },
  names: readonly string[],
): Promise<EraseAbility[]> {
  const device = `/dev/${name}`
  const [subsystem] = /^nvme\d+n/.exec(name) ?? []
  try {
    if (subsystem !== undefined) {
      const siblings = names.filter((other) => other !== name && other.startsWith(subsystem))
      const { stdout } = await host.run('nvme', ['id-ctrl', device, '--output-format=json'])
      return nvmeAbilities(stdout, await readSanitizeLog(host, device).catch(() => undefined), siblings)
    }
    return tran === 'sata' || tran === 'ata' ? ataAbilities(await readAtaSecurity(host, device)) : []
  } catch {
    return []
  }
}

async function readLinks(host: Host, folder: string): Promise<DiskLinks> {
  const names = await host.list(folder)
  const links = await Promise.all(
    names.map(
      async (name) => [name, (await host.resolve(`${folder}/${name}`))?.replace(/^\/dev\//, '') ?? ''] as const,
    ),
  )
  return links
}
