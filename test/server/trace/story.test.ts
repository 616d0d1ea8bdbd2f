import { describe, expect, it } from 'vitest'
import { TraceCode } from '../../../server/contract/trace.ts'
import type { Client } from '../../../server/dhcp/client.ts'
import { MESSAGE, OPTION, addresses, text } from '../../../server/dhcp/options.ts'
import { createProxy } from '../../../server/dhcp/proxy.ts'
import { REASONS } from '../../../server/trace/reasons.ts'
import { ipxeOptions, LINK, pxeOptions, selecting, testServer, usualBoot } from '../dhcp/messages.ts'
import { CLIENT_ADDRESS, MAC, MadeUpBoot } from './made-up.ts'

const proxy = () => createProxy({ bootFileFor: usualBoot, ownAddresses: () => new Set([LINK.address]) })

/** Firmware asks, and takes what it is offered. */
function promised(boot = new MadeUpBoot()): MadeUpBoot {
  boot.dhcp({ options: pxeOptions(7) })
  boot.wait(1).dhcp({ type: MESSAGE.request, options: [...pxeOptions(7), ...selecting(CLIENT_ADDRESS)] })
  return boot.wait(0.5)
}

/** Our iPXE runs, and was told its script. */
function chained(boot = new MadeUpBoot()): MadeUpBoot {
  promised(boot).tftp('snponly.efi', { outcome: 'probed', bytes: 0, ms: 2 })
  boot.tftp('snponly.efi', { outcome: 'completed' }).wait(2)
  boot.dhcp({ options: ipxeOptions(7), xid: 7 })
  boot.dhcp({ type: MESSAGE.request, options: [...ipxeOptions(7), ...selecting(CLIENT_ADDRESS)], xid: 7 })
  return boot.wait(0.5)
}

function installing(boot = new MadeUpBoot()): MadeUpBoot {
  chained(boot).script('install', 'os/web:stable is assigned, generation 1')
  boot.http('/boot/installer/vmlinuz', { bytes: 12_000_000, seconds: 2 })
  return boot.http('/boot/installer/initrd.img', { bytes: 80_000_000, seconds: 9 })
}

/** Each way a boot can stand, made up. `quiet` seconds pass before somebody looks. */
const CASES: Record<string, { boot: () => MadeUpBoot; quiet?: number }> = {
  IN_PROGRESS: { boot: () => promised(), quiet: 2 },
  REGISTERED: {
    boot: () => installing().http('/boot/ca.pem').event('machine.facts', 'machine web-07 told what it is'),
  },
  KICKSTART_FETCHED: {
    boot: () => chained().script('kickstart', 'assigned').http('/i/lfi_secret/ks'),
  },
  BOOTS_LOCAL: { boot: () => chained().script('local', 'os/web:stable is installed') },
  PLAIN_CLIENT: { boot: () => made({}, (boot) => boot.dhcp({})) },
  MALFORMED: { boot: () => made({}, (boot) => boot.dhcp(Buffer.concat([Buffer.alloc(236, 1), cookie()]))) },
  REFUSED: { boot: () => made({}, (boot) => boot.dhcp({ options: pxeOptions(39) })) },
  UNKNOWN_SUBNET: { boot: () => made({}, (boot) => boot.dhcp({ options: pxeOptions(7), giaddr: '10.99.0.1' })) },
  UNKNOWN_LINK: {
    boot: () =>
      made({ responder: { handle: () => ({ replies: [], events: [] }) } }, (boot) => {
        boot.dhcp({ options: pxeOptions(7) })
        boot.dhcpEvent({ type: 'ignored', reason: 'unknown-link', message: 'discover', client: firmware() })
      }),
  },
  POOL_EXHAUSTED: {
    boot: () =>
      made({ responder: testServer({ subnets: [{ cidr: '10.77.0.0/24', ranges: [] }] }) }, (boot) =>
        boot.dhcp({ options: pxeOptions(7) }),
      ),
  },
  SERVER_FAILED: {
    boot: () =>
      made({ responder: testServer({ bootFileFor: () => fail('disk full') }) }, (boot) =>
        boot.dhcp({ options: pxeOptions(7) }),
      ),
  },
  NOTHING_OFFERED: {
    boot: () => made({ responder: proxy() }, (boot) => boot.dhcp({ type: MESSAGE.inform, options: pxeOptions(7) })),
  },
  OTHER_SERVER_WON: {
    boot: () =>
      made({}, (boot) => {
        boot.dhcp({ options: pxeOptions(7) })
        boot.dhcp({ type: MESSAGE.request, options: [...pxeOptions(7), ...selecting('10.77.0.9', '10.77.0.254')] })
      }),
  },
  ADDRESS_REFUSED: {
    boot: () =>
      made({}, (boot) => {
        const requested = [[OPTION.requestedAddress, addresses(['192.168.1.7'])]] as const
        boot.dhcp({ options: pxeOptions(7) })
        boot.dhcp({ type: MESSAGE.request, options: [...pxeOptions(7), ...selecting('10.77.0.7')] })
        boot.dhcp({ type: MESSAGE.request, options: [...pxeOptions(7), ...requested] })
      }),
  },
  RELAY_DROPS_OPTION_82: {
    boot: () =>
      made({}, (boot) => {
        const agent = [[OPTION.relayAgent, Uint8Array.of(1, 1, 5)]] as const
        boot.dhcp({ options: [...pxeOptions(7), ...agent], giaddr: '10.77.0.2' })
        boot.wait(4).dhcp({ options: pxeOptions(7), giaddr: '10.77.0.2' })
      }),
  },
  RELAYED_OFFER_LOST: {
    boot: () => made({}, (boot) => boot.dhcp({ options: pxeOptions(7), giaddr: '10.77.0.2' })),
  },
  PROXY_OFFER_UNUSED: { boot: () => made({ responder: proxy() }, (boot) => boot.dhcp({ options: pxeOptions(7) })) },
  OFFER_NOT_REQUESTED: {
    boot: () =>
      made({}, (boot) => {
        for (const pause of [4, 8, 16, 32]) {
          boot.dhcp({ options: pxeOptions(7) })
          boot.wait(pause)
        }
      }),
  },
  LOADER_NOT_ASKED: { boot: () => promised() },
  LOADER_NOT_FOUND: { boot: () => promised().tftp('snponly.efi', 'not-found') },
  TFTP_TIMED_OUT: {
    boot: () => promised().tftp('snponly.efi', { outcome: 'timed-out', bytes: 0, ms: 31_000, resends: 6 }),
  },
  TFTP_REFUSED: { boot: () => promised().tftp('snponly.efi', 'busy') },
  LOADER_BROKEN_OFF: {
    boot: () => promised().tftp('snponly.efi', { outcome: 'aborted', bytes: 100_000, message: 'no room' }),
  },
  BOOT_LOOP: {
    boot: () =>
      promised()
        .tftp('snponly.efi', { outcome: 'completed' })
        .dhcpEvent({ type: 'boot-loop', client: firmware(), loaders: 5 }),
  },
  SCRIPT_NOT_REACHED: { boot: () => chained() },
  SCRIPT_NOT_ASKED: { boot: () => promised().tftp('snponly.efi', { outcome: 'completed' }) },
  SCRIPT_TROUBLE: { boot: () => chained().http(`/boot/ipxe?mac=${MAC}`, { status: 500 }) },
  KERNEL_NOT_FOUND: {
    boot: () => chained().script('install', 'assigned').http('/boot/installer/vmlinuz', { status: 404 }),
  },
  KERNEL_NOT_STARTED: {
    boot: () =>
      chained()
        .script('install', 'assigned')
        .http('/boot/installer/vmlinuz')
        .event('boot.refused', 'web-07 could not start the kernel it was given', { mac: MAC }),
  },
  KERNEL_NOT_ASKED: { boot: () => chained().script('install', 'assigned') },
  KERNEL_BROKEN_OFF: {
    boot: () => chained().script('install', 'assigned').http('/boot/installer/vmlinuz', { complete: false }),
  },
  INITRAMFS_NOT_ASKED: { boot: () => chained().script('install', 'assigned').http('/boot/installer/vmlinuz') },
  INSTALLER_SILENT: { boot: () => installing() },
  KICKSTART_NOT_ASKED: {
    boot: () =>
      chained()
        .script('kickstart', 'assigned')
        .http('/media/fedora/images/pxeboot/vmlinuz')
        .http('/media/fedora/images/pxeboot/initrd.img'),
  },
  AGENT_REFUSED: {
    boot: () =>
      installing().http('/boot/ca.pem').event('agent.refused', 'an agent at 10.77.0.100 was refused: expired'),
  },
  AGENT_NOT_REGISTERED: { boot: () => installing().http('/boot/ca.pem') },
}

describe('the verdict', () => {
  it('is tried for every reason code', () => {
    expect(Object.keys(CASES).sort()).toEqual([...TraceCode.options].sort())
    expect(new Set(REASONS.map(({ code }) => code)).size).toBe(TraceCode.options.length - 1)
  })

  it.each(Object.entries(CASES))('%s', (code, { boot, quiet = 400 }) => {
    const tried = boot().wait(quiet)
    const [client = ''] = tried.trace.overview().clients.map((one) => one.client)
    const [story] = tried.trace.of([client]).boots
    expect(story?.verdict.code, tried.text(client)).toBe(code)
    expect(story?.verdict.message).not.toMatch(/[{}]|unknown/)
    expect(story?.verdict.next.join(' ')).not.toContain('{')
  })

  it('waits for a client that may still come back', () => {
    const boot = promised().tftp('snponly.efi', { outcome: 'completed' })
    expect(boot.verdict()).toBe('IN_PROGRESS')
    expect(boot.wait(31).verdict()).toBe('SCRIPT_NOT_ASKED')
  })

  it('forgets trouble that was overcome', () => {
    const boot = promised().tftp('snponly.efi', { outcome: 'timed-out', bytes: 0 })
    expect(boot.verdict()).toBe('TFTP_TIMED_OUT')
    expect(boot.tftp('snponly.efi', { outcome: 'completed' }).wait(31).verdict()).toBe('SCRIPT_NOT_ASKED')
  })
})

describe('the steps', () => {
  it('tell a whole boot in order, each with its reason', () => {
    const boot = installing().http('/boot/ca.pem').event('machine.facts', 'told')
    expect(boot.text()).toMatchInlineSnapshot(`
      "Boot of 2026-01-31T12:00:00.000Z
          +0.0 s   DISCOVER from x64 UEFI firmware (PXE): offered 10.77.0.100 and snponly.efi
                   because architecture type 7 (x64 UEFI); user class absent
          +1.0 s   REQUEST for 10.77.0.100 from x64 UEFI firmware (PXE): confirmed 10.77.0.100 and snponly.efi
                   because architecture type 7 (x64 UEFI); user class absent
          +1.5 s   asked for the size of snponly.efi by TFTP: 250 kB
          +1.5 s   fetched snponly.efi by TFTP: 250 kB in 800 ms
          +3.5 s   DISCOVER from iPXE 1.21.1 on x64 UEFI: offered 10.77.0.100 and http://10.77.0.1:8080/boot/ipxe?mac=52:54:00:12:34:56
                   because user class iPXE, and its build can fetch scripts by HTTP
          +3.5 s   REQUEST for 10.77.0.100 from iPXE 1.21.1 on x64 UEFI: confirmed 10.77.0.100 and http://10.77.0.1:8080/boot/ipxe?mac=52:54:00:12:34:56
                   because user class iPXE, and its build can fetch scripts by HTTP
          +4.0 s   fetched its boot script: install, os/web:stable is assigned, generation 1
          +4.1 s   fetched the kernel by HTTP: 12 MB in 2.0 s
          +6.1 s   fetched the initramfs by HTTP: 80 MB in 9.0 s
         +15.1 s   fetched the CA certificate by HTTP: 1 kB in 100 ms
         +15.2 s   the installer registered and told what the machine is
      Result: the installer runs and has told what the machine is (REGISTERED)"
    `)
  })

  it('tell the same one after the other once', () => {
    const boot = CASES['OFFER_NOT_REQUESTED']!.boot()
    expect(boot.trace.of([MAC]).boots[0]!.steps).toMatchObject([{ count: 4, lastedSeconds: 28, seconds: 0 }])
  })

  it('tell of a GRUB that fetches its configuration by TFTP', () => {
    const responder = testServer({ bootFileFor: () => ({ kind: 'loader', file: 'shimx64.efi' }) })
    const boot = promised(new MadeUpBoot({ responder }))
    boot
      .tftp('shimx64.efi', {})
      .tftp('revocations_sku.efi', 'not-found')
      .tftp('grubx64.efi', {})
      .tftp('grub/grub.cfg', {})
    expect(boot.verdict()).toBe('IN_PROGRESS')
    boot.tftp(`grub/machine/x86_64/${MAC}/grub.cfg`, { bytes: 900, size: 900 }, 'local')
    expect(boot.text()).toContain('offered 10.77.0.100 and shimx64.efi')
    expect(boot.text()).toContain('signed shim and GRUB')
    expect(boot.text()).toContain('fetched its boot script by TFTP: local, a reason')
    expect(boot.verdict()).toBe('BOOTS_LOCAL')
  })

  it('say when a switch port kept silent', () => {
    const boot = made({}, (boot) => boot.dhcp({ options: pxeOptions(7), secs: 28 }))
    expect(boot.text()).toContain('it had been asking for 28 s: its switch port may have kept silent until now')
  })

  it('name a loader that cannot go on as iPXE should', () => {
    const boot = made({}, (boot) => boot.dhcp({ options: ipxeOptions(7, [0x15, 1, 1]) }))
    expect(boot.text()).toContain('its build cannot fetch scripts by HTTP (it can: tftp)')
  })

  it('show no control characters of a client', () => {
    const options = [[OPTION.vendorClass, text('evil\x1b[2J')]] as const
    const boot = made({}, (boot) => boot.dhcp({ options }))
    expect(boot.text()).toContain('evil?[2J')
    expect(JSON.stringify(boot.trace.of([MAC]))).not.toContain('\\u001b')
  })
})

describe('boots', () => {
  it('end where firmware asks again after a script', () => {
    const boot = chained().script('local', 'installed').wait(20)
    expect(promised(boot).trace.of([MAC]).boots).toHaveLength(2)
  })

  it('are one while firmware tries one way after the other', () => {
    const boot = made({}, (boot) => {
      boot.dhcp({ options: pxeOptions(7) })
      boot.wait(70).dhcp({ options: pxeOptions(16, 'HTTPClient') })
    })
    expect(boot.trace.of([MAC]).boots).toHaveLength(1)
  })

  it('are not hidden by a system that renews its lease', () => {
    const boot = installing().event('machine.facts', 'told')
    for (let hour = 0; hour < 200; hour++) boot.wait(1800).dhcp({ type: MESSAGE.request, ciaddr: CLIENT_ADDRESS })
    expect(boot.trace.of([MAC]).boots).toHaveLength(1)
    expect(boot.verdict()).toBe('REGISTERED')
  })
})

function made(options: ConstructorParameters<typeof MadeUpBoot>[0], work: (boot: MadeUpBoot) => unknown): MadeUpBoot {
  const boot = new MadeUpBoot(options)
  work(boot)
  return boot
}

function firmware(): Client {
  return { kind: 'pxe', netboot: true, mac: MAC, userClasses: [] }
}

function cookie(): Buffer {
  return Buffer.from('6382536301', 'hex')
}

function fail(message: string): never {
  throw new Error(message)
}
