import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { bootDesk } from '../../../../server/http/boot/desk.ts'
import { grubDesk } from '../../../../server/http/boot/grub-desk.ts'
import type { GrubAsker, GrubDesk, GrubDeskPorts } from '../../../../server/http/boot/grub-desk.ts'
import { CoreError } from '../../../../server/core/errors.ts'
import { createLogger } from '../../../../server/observe/logger.ts'
import { createMetrics } from '../../../../server/observe/metrics.ts'
import { loadTemplates } from '../../../../server/render/templates.ts'
import { MAC, testCore, UUID } from '../../../helpers/store-fakes.ts'
import type { TestCore } from '../../../helpers/store-fakes.ts'

const templates = await loadTemplates(join(import.meta.dirname, '../../../../templates'))
const SERVER = { name: 'lab', http: 'http://192.0.2.1:8080', https: 'https://192.0.2.1:8443', caFingerprint: 'ab' }
const HTTP: GrubAsker = { server: SERVER, address: '192.0.2.50', by: 'http' }
const TFTP: GrubAsker = { ...HTTP, by: 'tftp' }
const OWN = `/grub/machine/x86_64/${MAC}/${UUID}/C5QRKJ1/grub.cfg`
const BY_MAC = `grub.cfg-01-${MAC.replaceAll(':', '-')}`

let core: TestCore
let answer: GrubDesk
beforeEach(() => {
  core = testCore()
  answer = desk()
})

function desk(change: Partial<GrubDeskPorts> = {}): GrubDesk {
  const decide = bootDesk({ ...core, installers: new Set(['amd64']) })
  return grubDesk({
    ...core,
    templates,
    decide: (client, address) => decide(client, address, 'grub'),
    macOf: () => undefined,
    logger: createLogger({ level: 'silent' }),
    metrics: createMetrics(),
    ...change,
  })
}

describe('a GRUB that asks', () => {
  it('by a name that tells nothing is made to ask again, over HTTP first', () => {
    const text = answer('grub/x86_64-efi/grub.cfg', TFTP)!
    const places = [...text.matchAll(/source '(\S+)'/g)].map(([, place]) => place)
    expect(places).toEqual(['(http,192.0.2.1:8080)/grub/machine', '(tftp,192.0.2.1)/grub/machine'])
    expect(answer('/grub/grub.cfg', HTTP)).not.toContain('(tftp,')
    expect(core.inventory.list()).toEqual([])
  })

  it('by its own path is brought in and given the installer with its token', () => {
    const text = answer(OWN, HTTP)!
    const machine = core.inventory.find({ mac: MAC })!
    expect(machine).toMatchObject({ uuid: UUID, serial: 'C5QRKJ1', architecture: 'amd64', state: 'discovered' })
    const [, token] = /'landfall\.token=(\S+)'/.exec(text)!
    expect(core.tokens.checkInstallToken(token!)).toMatchObject({ machineId: machine.id })
    expect(text).toContain("linux '(http,192.0.2.1:8080)/boot/installer/vmlinuz' 'landfall.url=https://192.0.2.1:8443'")
    expect(text).toContain(`'BOOTIF=01-${MAC.replaceAll(':', '-')}'`)
    expect(text).toContain(`source '(http,192.0.2.1:8080)/grub/failed/x86_64/${MAC}/${UUID}/C5QRKJ1/grub.cfg'`)
    expect(core.events.recent({ types: ['boot.script'] })).toMatchObject([{ data: { via: 'grub' } }])
  })

  it.each(['grub', 'boot/loaders', 'media/fedora-44', 'debian-installer/amd64/grub'])(
    'by its MAC in %s gets the same decision (statement 79)',
    (folder) => {
      expect(answer(`${folder}/${BY_MAC}`, TFTP)).toContain('landfall.token=lfi_')
    },
  )

  it('on ARM gets the installer for ARM', () => {
    const decide = bootDesk({ ...core, installers: new Set(['amd64', 'arm64']) })
    const text = desk({ decide: (client, address) => decide(client, address, 'grub') })(
      OWN.replace('x86_64', 'arm64'),
      HTTP,
    )
    expect(text).toContain("linux '(http,192.0.2.1:8080)/boot/installer/arm64/vmlinuz'")
    expect(text).toContain("initrd '(http,192.0.2.1:8080)/boot/installer/arm64/initrd.img'")
  })

  it('by its UUID in wire order is known from DHCP, or made to ask again (statement 79)', () => {
    const name = 'grub.cfg-44454c4c-4300-1035-8052-b4c04f4a4b31'
    expect(desk({ macOf: (uuid) => (uuid === UUID ? MAC : undefined) })(name, TFTP)).toContain('landfall.token=lfi_')
    expect(answer(name, TFTP)).toContain('/grub/machine')
  })

  it('is given the kernel of its medium, with the arguments of Anaconda', async () => {
    core.media.set('fedora-44', { release: 'F44', architecture: 'amd64' })
    const { id } = core.inventory.create({ macs: [MAC] }, 'token:me')
    const spec = { installer: 'anaconda', media: 'fedora-44' } as const
    await core.installs.assign({ machines: [id], image: 'os/web:stable', spec }, 'token:me')
    const text = answer(OWN, HTTP)!
    expect(text).toContain(
      "linux '(http,192.0.2.1:8080)/media/fedora-44/images/pxeboot/vmlinuz' 'inst.stage2=http://192.0.2.1:8080/media/fedora-44' 'inst.ks=http://192.0.2.1:8080/i/lfi_",
    )
    expect(text).toContain("initrd '(http,192.0.2.1:8080)/media/fedora-44/images/pxeboot/initrd.img'")
    expect(core.inventory.get(id).state).toBe('booting')
  })

  it('of a machine that is deployed, or to be left alone, goes to the next boot entry', () => {
    const { id } = core.inventory.create({ macs: [MAC] }, 'token:me')
    core.inventory.changeState(id, 'deployed', 'system')
    expect(answer(OWN, HTTP)).toMatch(/\nexit 1\n$/)
    core.inventory.retire(id, 'token:me')
    expect(answer(OWN, HTTP)).toMatch(/\nexit 1\n$/)
    expect(answer('/grub/machine/x86_64//grub.cfg', HTTP)).toMatch(/GRUB tells neither MAC[^\n]*\n[^\n]*\nexit 1\n$/)
  })

  it('hears of trouble, and asks again from the loop it is in, or from one of its own', () => {
    const full = desk({
      decide() {
        throw new CoreError('STORE_FULL', 'the disk is full')
      },
    })
    expect(full(OWN, HTTP)).toBe("echo 'Landfall cannot say what to boot: the disk is full'\n")
    expect(full(BY_MAC, TFTP)).toMatch(/^echo 'Landfall cannot[^\n]*\nsleep 15\n[\s\S]*for pause in/)
  })

  it('has a configuration even when templates are broken, and it ends', () => {
    const render = () => {
      throw new Error('broken')
    }
    for (const path of ['grub.cfg', OWN, BY_MAC]) {
      expect(desk({ templates: { names: [], render } })(path, TFTP), path).toMatch(/\nsleep 10\nexit 1\n$/)
    }
  })

  it('may tell that its kernel could not be started', () => {
    const failed = OWN.replace('/machine/', '/failed/')
    expect(answer(failed, HTTP)).toMatch(/^echo /)
    expect(core.events.recent({ types: ['boot.refused'] }), 'of a stranger').toEqual([])
    const { id } = core.inventory.discover({ mac: MAC })
    answer(failed, HTTP)
    expect(core.events.recent({ types: ['boot.refused'] })).toMatchObject([{ machineId: id, actor: 'machine' }])
  })

  it('does not put into its script what a path smuggles', () => {
    const text = answer(`/grub/machine/x86_64/${MAC}/'; halt; '/grub.cfg`, HTTP)!
    expect(text).not.toContain('halt')
    expect(text).toContain(`/grub/failed/any/${MAC}/grub.cfg`)
  })

  it('for anything else gets nothing', () => expect(answer('/grub/x86_64-efi/command.lst', TFTP)).toBeUndefined())
})
