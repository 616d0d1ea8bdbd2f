import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { bootDesk } from '../../../../server/http/boot/desk.ts'
import { extlinuxDesk } from '../../../../server/http/boot/extlinux-desk.ts'
import type { ExtlinuxDeskPorts } from '../../../../server/http/boot/extlinux-desk.ts'
import { CoreError } from '../../../../server/core/errors.ts'
import type { Installers } from '../../../../server/core/boot.ts'
import { createLogger } from '../../../../server/observe/logger.ts'
import { createMetrics } from '../../../../server/observe/metrics.ts'
import { loadTemplates } from '../../../../server/render/templates.ts'
import { MAC, testCore } from '../../../helpers/store-fakes.ts'
import type { TestCore } from '../../../helpers/store-fakes.ts'

const templates = await loadTemplates(join(import.meta.dirname, '../../../../templates'))
const SERVER = { name: 'lab', http: 'http://192.0.2.1:8080', https: 'https://192.0.2.1:8443', caFingerprint: 'ab' }
const ASKER = { server: SERVER, address: '192.0.2.50' }
const PLAIN = `pxelinux.cfg/01-${MAC.replaceAll(':', '-')}`
const OWN = `u-boot/arm64/${PLAIN}`

let core: TestCore
beforeEach(() => void (core = testCore()))

function desk(installers: Installers = new Set(['amd64', 'arm64']), change: Partial<ExtlinuxDeskPorts> = {}) {
  const decide = bootDesk({ ...core, installers })
  return extlinuxDesk({
    ...core,
    templates,
    decide: (client, address) => decide(client, address, 'u-boot'),
    logger: createLogger({ level: 'silent' }),
    metrics: createMetrics(),
    ...change,
  })
}

describe('a U-Boot that asks for its menu', () => {
  it('is brought in and given the installer of its processor, by paths relative to its folder', () => {
    const menu = desk()(OWN, ASKER)!
    const machine = core.inventory.find({ mac: MAC })!
    expect(machine).toMatchObject({ architecture: 'arm64', state: 'discovered', address: '192.0.2.50' })
    expect(menu).toContain('\n  kernel boot/installer/arm64/vmlinuz\n  initrd boot/installer/arm64/initrd.img\n')
    const [, token] = /^  append landfall\.url=\S+ .*landfall\.token=(\S+) .*BOOTIF=01-\S+$/m.exec(menu)!
    expect(core.tokens.checkInstallToken(token!)).toMatchObject({ machineId: machine.id })
    // Its own serial port is one of the consoles, though nobody named it.
    expect(menu).toContain(' console=ttyAMA0 console=tty0 console=ttyS0,115200 ')
    expect(core.events.recent({ types: ['boot.script'] })).toMatchObject([{ data: { via: 'u-boot' } }])
  })

  it('outside of a folder is taken for 64-bit ARM, unless it is known for something else', () => {
    expect(desk()(PLAIN, ASKER)).toContain('boot/installer/arm64/vmlinuz')
    const { id } = core.inventory.find({ mac: MAC })!
    core.store.machines.update(id, { architecture: 'amd64' })
    expect(desk()(PLAIN, ASKER)).toContain('kernel boot/installer/vmlinuz')
  })

  it('reads on its screen why there is nothing to install it with, and boots its disk', () => {
    const menu = desk(new Set(['amd64']))(OWN, ASKER)!
    expect(menu).toContain(
      'Leave alone: the installer for arm64 machines is not built on this server (installer.arm64)\n',
    )
    expect(menu).toMatch(/\ndefault local\n[^]*\n  localboot 1\n$/)
  })

  it('that is deployed boots its disk', () => {
    const { id } = core.inventory.create({ macs: [MAC] }, 'token:me')
    core.inventory.changeState(id, 'deployed', 'system')
    expect(desk()(OWN, ASKER)).toMatch(/\ndefault local\n/)
  })

  it('reads about trouble too, in one line', () => {
    const decide = () => {
      throw new CoreError('STORE_FULL', 'the disk\nis full')
    }
    expect(desk(new Set(), { decide })(OWN, ASKER)).toMatch(
      /^menu title Landfall lab: cannot say what to boot: the disk is full$/m,
    )
  })

  it('for anything else gets nothing', () => expect(desk()('pxelinux.cfg/default', ASKER)).toBeUndefined())
})
