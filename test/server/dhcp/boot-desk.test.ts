import { describe, expect, it } from 'vitest'
import { dhcpBootDesk } from '../../../server/dhcp/boot-desk.ts'
import type { BootDeskPorts } from '../../../server/dhcp/boot-desk.ts'
import type { Client } from '../../../server/dhcp/client.ts'
import { createLoaderWatch } from '../../../server/dhcp/loader-watch.ts'
import { BOOT_FILES, facts, testCore } from '../../helpers/store-fakes.ts'
import type { TestCore } from '../../helpers/store-fakes.ts'

const MAC = '52:54:00:12:34:56'
const SERVER = '10.77.0.1'
const SCRIPT = { kind: 'script', url: 'http://10.77.0.1:8080/boot/ipxe' }

function client(change: Partial<Client>): Client {
  return { kind: 'pxe', netboot: true, mac: MAC, userClasses: [], ...change }
}

const BIOS = { code: 0, name: 'x86 BIOS', transport: 'tftp', platform: 'x86-bios' } as const
const UEFI = { code: 7, name: 'x64 UEFI', transport: 'tftp', platform: 'x64-uefi' } as const
const HTTP = { code: 16, name: 'x64 UEFI HTTP', transport: 'http', platform: 'x64-uefi' } as const
const ARM = { code: 11, name: 'ARM 64-bit UEFI', transport: 'tftp', platform: 'arm64-uefi' } as const

const ARM_HTTP = { code: 19, name: 'ARM 64-bit UEFI HTTP', transport: 'http', platform: 'arm64-uefi' } as const
const ARM_UBOOT = { code: 22, name: 'ARM 64-bit U-Boot', transport: 'tftp', platform: 'arm64-uboot' } as const
const ARM32_UBOOT = { code: 21, name: 'ARM 32-bit U-Boot', transport: 'tftp', platform: 'arm32-uboot' } as const
const RISCV = { code: 27, name: 'RISC-V 64-bit UEFI', transport: 'tftp', platform: 'riscv64-uefi' } as const

const LOADERS = new Set(['undionly.kpxe', 'ipxe.pxe', 'snponly.efi', 'ipxe.efi', 'shimx64.efi', 'grubx64.efi'])

function desk(core: TestCore, change: Partial<BootDeskPorts> = {}) {
  return dhcpBootDesk({
    ...core,
    toBoot: (machine) => core.installs.toBoot(machine),
    loaderWatch: createLoaderWatch(),
    loaders: LOADERS,
    installers: new Set(['amd64']),
    raspberryPi: { folder: '/srv/landfall/raspberry-pi', isEmpty: () => false },
    siteLoader: 'auto',
    httpPort: 8080,
    ...change,
  })
}

function ask(
  change: Partial<Client>,
  wants: 'script' | 'loader' = 'loader',
  core = testCore(),
  ports: Partial<BootDeskPorts> = {},
) {
  return desk(
    core,
    ports,
  )({
    client: client(change),
    wants,
    serverAddress: SERVER,
  })
}

describe('a stranger', () => {
  it.each([
    ['BIOS firmware', { architecture: BIOS }, 'undionly.kpxe'],
    ['firmware that does not tell', {}, 'undionly.kpxe'],
    ['UEFI firmware', { architecture: UEFI }, 'snponly.efi'],
    ['UEFI HTTP Boot', { architecture: HTTP, kind: 'http' }, 'snponly.efi'],
    ['an iPXE without HTTP, BIOS', { architecture: BIOS, kind: 'ipxe' }, 'ipxe.pxe'],
    ['an iPXE without HTTP, UEFI', { architecture: UEFI, kind: 'ipxe' }, 'ipxe.efi'],
    ['UEFI firmware on ARM', { architecture: ARM }, 'ipxe-arm64.efi'],
    ['UEFI HTTP Boot on ARM', { architecture: ARM_HTTP, kind: 'http' }, 'ipxe-arm64.efi'],
    // Its folder is where U-Boot looks for `pxelinux.cfg/`.
    ['U-Boot on ARM', { architecture: ARM_UBOOT, kind: 'u-boot' }, 'u-boot/arm64/ipxe-arm64.efi'],
    ['a Raspberry Pi, which claims to be a BIOS', { architecture: BIOS, kind: 'raspberry-pi' }, 'config.txt'],
  ] as const)('with %s gets the loader for it', (_, change, file) => {
    expect(ask(change)).toEqual({ kind: 'loader', file, httpUrl: `http://10.77.0.1:8080/boot/loaders/${file}` })
  })

  it('whose iPXE runs scripts gets the script, which asks it who it is', () => {
    expect(ask({ kind: 'ipxe', architecture: UEFI }, 'script')).toEqual(SCRIPT)
  })

  it('whose installer is not built loads iPXE all the same, which says so on its screen; GRUB could not leave again', () => {
    expect(ask({ architecture: ARM, kind: 'ipxe' }, 'script')).toEqual(SCRIPT)
    const refused = {
      kind: 'refuse',
      reason: 'the installer for arm64 machines is not built on this server (installer.arm64)',
    }
    expect(ask({ architecture: ARM }, 'loader', testCore(), { siteLoader: 'grub' })).toEqual(refused)
    const both = new Set(['amd64', 'arm64'] as const)
    expect(ask({ architecture: ARM }, 'loader', testCore(), { siteLoader: 'grub', installers: both })).toMatchObject({
      file: 'shimaa64.efi',
    })
  })

  it('that nothing is built for is left alone, with the reason', () => {
    const refused = { kind: 'refuse', reason: 'there is no installer for other machines than amd64 and arm64' }
    expect(ask({ architecture: RISCV })).toEqual(refused)
    expect(ask({ architecture: ARM32_UBOOT, kind: 'u-boot' })).toEqual(refused)
  })

  it('that is a Raspberry Pi is told what the site has to do for it first', () => {
    const raspberryPi = { folder: '/srv/landfall/raspberry-pi', isEmpty: () => true }
    expect(ask({ architecture: BIOS, kind: 'raspberry-pi' }, 'loader', testCore(), { raspberryPi })).toEqual({
      kind: 'refuse',
      reason: 'the UEFI firmware for Raspberry Pis is missing: put its files into /srv/landfall/raspberry-pi',
    })
  })
})

it('URLs with an IPv6 address have it in brackets', () => {
  const asked = { client: client({ architecture: UEFI }), serverAddress: 'fd00:77::1' }
  expect(desk(testCore())({ ...asked, wants: 'loader' })).toMatchObject({
    httpUrl: 'http://[fd00:77::1]:8080/boot/loaders/snponly.efi',
  })
  expect(desk(testCore())({ ...asked, wants: 'script' })).toMatchObject({ url: 'http://[fd00:77::1]:8080/boot/ipxe' })
})

describe('a known machine', () => {
  it.each(['deployed', 'failed', 'assigned', 'installing'] as const)('that is %s is sent for its script', (state) => {
    const core = testCore()
    const { id } = core.inventory.discover({ mac: MAC })
    core.inventory.changeState(id, state, 'system')
    expect(ask({ kind: 'ipxe', architecture: UEFI }, 'script', core)).toEqual(SCRIPT)
    expect(ask({ architecture: UEFI }, 'loader', core)).toMatchObject({ kind: 'loader' })
  })

  it('that is retired gets an address and nothing to boot', () => {
    const core = testCore()
    const { id } = core.inventory.discover({ mac: MAC })
    core.inventory.retire(id, 'token:me')
    expect(ask({ architecture: UEFI }, 'loader', core)).toEqual({ kind: 'no-boot' })
  })
})

describe('a machine whose firmware refuses iPXE', () => {
  const firmware = { client: client({ architecture: UEFI }), wants: 'loader', serverAddress: SERVER } as const
  const SHIM = { kind: 'loader', file: 'shimx64.efi', httpUrl: 'http://10.77.0.1:8080/boot/loaders/shimx64.efi' }

  function refusal(core: TestCore) {
    const loaderWatch = createLoaderWatch()
    const boot = desk(core, { loaderWatch })
    const asks = (question: Partial<Parameters<typeof boot>[0]> = {}) =>
      boot({ ...firmware, clientAddress: '10.77.0.100', ...question })
    expect(asks()).toMatchObject({ file: 'snponly.efi' })
    loaderWatch.fetched('10.77.0.100', 'snponly.efi')
    return { asks, loaderWatch, boot }
  }

  it('is offered shim and GRUB when it asks again, by whatever way, and an event says so once', () => {
    const core = testCore()
    const { asks } = refusal(core)
    expect(asks()).toEqual(SHIM)
    expect(asks({ client: client({ architecture: HTTP, kind: 'http' }) })).toEqual(SHIM)
    expect(core.events.recent({ types: ['boot.loader'] })).toMatchObject([
      { machineId: null, data: { mac: MAC, refused: 'snponly.efi' } },
    ])
  })

  it('is remembered for good once it is brought in', () => {
    const core = testCore()
    const { asks } = refusal(core)
    asks()
    const { id } = core.inventory.discover({ mac: MAC })
    expect(asks()).toEqual(SHIM)
    expect(core.inventory.get(id).ipxeRefusedAt).not.toBeNull()
    expect(desk(core)(firmware), 'after a restart').toEqual(SHIM)
  })

  it('is not one whose iPXE asked for its script', () => {
    const { asks } = refusal(testCore())
    asks({ client: client({ architecture: UEFI, kind: 'ipxe' }), wants: 'script' })
    expect(asks()).toMatchObject({ file: 'snponly.efi' })
  })

  it('is not a BIOS machine, nor one that refused what is not iPXE', () => {
    const core = testCore()
    const loaderWatch = createLoaderWatch()
    const bios = { ...firmware, client: client({ architecture: BIOS }), clientAddress: '10.77.0.100' }
    desk(core, { loaderWatch })(bios)
    loaderWatch.fetched('10.77.0.100', 'undionly.kpxe')
    expect(desk(core, { loaderWatch })(bios)).toMatchObject({ file: 'undionly.kpxe' })
    const grub = desk(core, { loaderWatch, siteLoader: 'grub' })
    grub({ ...firmware, clientAddress: '10.77.0.100' })
    loaderWatch.fetched('10.77.0.100', 'shimx64.efi')
    expect(grub(firmware)).toEqual(SHIM)
    expect(core.events.recent({ types: ['boot.loader'] })).toEqual([])
  })
})

describe('the loader that was chosen', () => {
  it('is that of the site, of a profile, of the machine, the nearest first', () => {
    const core = testCore()
    const { id } = core.inventory.create({ macs: [MAC], labels: { rack: 'r1' } }, 'token:me')
    const file = (site: 'auto' | 'ipxe' | 'grub' = 'auto') =>
      desk(core, { siteLoader: site })({
        client: client({ architecture: UEFI }),
        wants: 'loader',
        serverAddress: SERVER,
      })
    expect(file('grub')).toMatchObject({ file: 'shimx64.efi' })
    core.profiles.create(
      { name: 'racks', selector: { rack: 'r1' }, priority: 0, spec: { boot: { loader: 'grub' } } },
      'token:me',
    )
    expect(file()).toMatchObject({ file: 'shimx64.efi' })
    core.inventory.update(id, { spec: { boot: { loader: 'ipxe.efi' } } }, 'token:me')
    expect(file('grub')).toMatchObject({ file: 'ipxe.efi' })
    core.inventory.update(id, { spec: { boot: { loader: 'gone.efi' } } }, 'token:me')
    expect(file()).toMatchObject({ kind: 'refuse', reason: expect.stringContaining('gone.efi') })
  })

  it('is for UEFI, not for what comes before or after it', () => {
    const core = testCore()
    core.inventory.create({ macs: [MAC], spec: { boot: { loader: 'ipxe.efi' } } }, 'token:me')
    expect(ask({ architecture: ARM }, 'loader', core)).toMatchObject({ file: 'ipxe.efi' })
    expect(ask({ architecture: BIOS, kind: 'raspberry-pi' }, 'loader', core)).toMatchObject({ file: 'config.txt' })
    expect(ask({ architecture: BIOS, kind: 'ipxe' }, 'loader', core)).toMatchObject({ file: 'ipxe.pxe' })
  })

  it('is GRUB where the agent saw Secure Boot on', () => {
    const core = testCore()
    const { id } = core.inventory.discover({ mac: MAC })
    core.inventory.recordFacts(id, facts({ secureBoot: true }))
    expect(ask({ architecture: UEFI }, 'loader', core)).toMatchObject({ file: 'shimx64.efi' })
    expect(ask({ architecture: BIOS }, 'loader', core)).toMatchObject({ file: 'undionly.kpxe' })
    expect(ask({ architecture: UEFI, kind: 'ipxe' }, 'loader', core)).toMatchObject({ file: 'ipxe.efi' })
  })
})

it('a machine that shall start its disk, and loads GRUB, gets an address and nothing to boot (statement 49)', () => {
  const core = testCore()
  const { id } = core.inventory.discover({ mac: MAC })
  core.inventory.recordFacts(id, facts({ secureBoot: true }))
  core.inventory.changeState(id, 'deployed', 'system')
  expect(ask({ architecture: UEFI }, 'loader', core)).toEqual({ kind: 'no-boot' })
  core.inventory.changeState(id, 'assigned', 'system')
  expect(ask({ architecture: UEFI }, 'loader', core)).toMatchObject({ file: 'shimx64.efi' })
})

describe('a machine that Anaconda installs', () => {
  async function assigned(architecture: 'amd64' | 'arm64', boot: Partial<typeof BOOT_FILES> = {}) {
    const core = testCore()
    core.media.set('fedora-44', { release: 'F44', architecture, boot: { ...BOOT_FILES, ...boot } })
    core.catalog.images.set('arm64 os/web:stable', 'sha256:' + 'c'.repeat(64))
    const { id } = core.inventory.create({ macs: [MAC] }, 'token:me')
    core.store.machines.update(id, { architecture })
    const spec = { installer: 'anaconda', media: 'fedora-44' } as const
    const results = await core.installs.assign({ machines: [id], image: 'os/web:stable', spec }, 'token:me')
    expect(results[0]?.error).toBeNull()
    return core
  }
  const question = { wants: 'loader', serverAddress: SERVER } as const

  it("starts the medium's own shim where it does not take iPXE, by TFTP and by HTTP", async () => {
    const grub = desk(await assigned('amd64'), { siteLoader: 'grub' })
    const own = 'media/fedora-44/BOOTX64.EFI'
    const httpUrl = `http://10.77.0.1:8080/boot/${own}`
    expect(grub({ client: client({ architecture: UEFI }), ...question })).toEqual({
      kind: 'loader',
      file: own,
      httpUrl,
    })
    expect(grub({ client: client({ architecture: HTTP, kind: 'http' }), ...question })).toMatchObject({ httpUrl })
    expect(desk(await assigned('amd64'))({ client: client({ architecture: UEFI }), ...question })).toMatchObject({
      file: 'snponly.efi',
    })
  })

  it("starts Landfall's shim for a medium without one", async () => {
    const grub = desk(await assigned('amd64', { shim: null }), { siteLoader: 'grub' })
    expect(grub({ client: client({ architecture: UEFI }), ...question })).toMatchObject({ file: 'shimx64.efi' })
  })

  it("starts the medium's own shim on ARM too", async () => {
    const core = await assigned('arm64', { shim: 'EFI/BOOT/BOOTAA64.EFI', grub: 'EFI/BOOT/grubaa64.efi' })
    const arm = { client: client({ architecture: ARM }), ...question }
    expect(desk(core, { siteLoader: 'grub' })(arm)).toMatchObject({ file: 'media/fedora-44/BOOTAA64.EFI' })
    expect(desk(core)(arm)).toMatchObject({ file: 'ipxe-arm64.efi' })
  })
})
