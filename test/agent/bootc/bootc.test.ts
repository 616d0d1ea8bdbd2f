import { describe, expect, it } from 'vitest'
import { beginsBootloader, bootcArguments } from '../../../boot-assets/agent/bootc/arguments.ts'
import { chooseEngine } from '../../../boot-assets/agent/bootc/engine.ts'
import { mountScratch, requireMemory, unpackedEstimate } from '../../../boot-assets/agent/bootc/scratch.ts'
import { AgentError } from '../../../boot-assets/agent/errors.ts'
import type { Host } from '../../../boot-assets/agent/sys/host.ts'
import type { ImageConfig, Manifest } from '../../../server/oci/manifest.ts'

const GIB = 2 ** 30
const WISH = {
  source: 'docker://192.0.2.1:8443/os/web@sha256:ab',
  target: 'r.example/os/web:1',
  kernelArguments: ['console=tty0', 'quiet'],
  composefs: false,
  root: '/run/target',
}
const OLD_HELP = 'Options:\n  --source-imgref <X>\n  --target-imgref <X>\n  --karg <KARG>\n  --skip-fetch-check\n'
const NEW_HELP = `${OLD_HELP}  --stateroot <S>\n  --skip-finalize\n  --composefs-backend\n`

describe('the command line of bootc', () => {
  it('pins what is installed, names what is followed, and adds kernel arguments', () => {
    expect(bootcArguments(NEW_HELP, WISH).join(' ')).toBe(
      'install to-filesystem --source-imgref docker://192.0.2.1:8443/os/web@sha256:ab --target-imgref r.example/os/web:1 ' +
        '--skip-fetch-check --stateroot default --skip-finalize --karg console=tty0 --karg quiet /run/target',
    )
  })

  it('leaves out what an older one does not know and can be done without', () => {
    const args = bootcArguments(OLD_HELP, WISH)
    expect(args).not.toContain('--stateroot')
    expect(args).toContain('--skip-fetch-check')
  })

  it.each([
    ['a bootc that cannot be told its source', 'Options:\n  --karg <K>\n', WISH, /--source-imgref, --target-imgref/],
    ['a bootc without composefs', OLD_HELP, { ...WISH, composefs: true }, /does not know --composefs-backend/],
  ])('is refused: %s', (_, help, wish, message) => {
    expect(() => bootcArguments(help, wish)).toThrowWithCode(AgentError, 'IMAGE_UNSUPPORTED')
    expect(() => bootcArguments(help, wish)).toThrow(message)
  })

  it.each([
    ['Installing bootloader via bootupd', true],
    ['Running bootupctl to install bootloader', true],
    ['Deploying container image...done (5 seconds)', false],
    ['layers already present: 0; layers needed: 68 (685.2 MB)', false],
  ])('has output that tells where it is: %s', (line, begins) => {
    expect(beginsBootloader(line)).toBe(begins)
  })
})

describe('the engine', () => {
  const labelled = (value: string) => ({ config: { Labels: { 'containers.bootc': value } } }) as unknown as ImageConfig

  it.each([
    ['auto', '1', 'ostree'],
    ['auto', 'sealed', 'bootc'],
    ['ostree', 'sealed', 'ostree'],
    ['bootc', '1', 'bootc'],
  ] as const)('%s for an image labelled %s is %s', (wanted, label, engine) => {
    expect(chooseEngine(wanted, labelled(label))).toBe(engine)
  })
})

describe('room in memory', () => {
  const layers = (...sizes: number[]) => ({
    layers: sizes.map((size) => ({ mediaType: 'application/vnd.oci.image.layer.v1.tar+zstd', digest: '', size })),
  })
  const host = (availableKib: number, ran: string[] = []) =>
    ({
      read: async (path: string) => (path === '/proc/meminfo' ? `MemAvailable:   ${availableKib} kB\n` : undefined),
      run: async (command: string, args: readonly string[]) => void ran.push([command, ...args].join(' ')),
    }) as unknown as Host

  it('is asked for before a disk is touched, with numbers', async () => {
    const manifest = layers(0.7 * GIB) as unknown as Manifest
    await expect(requireMemory(host(8 * 2 ** 20), manifest)).resolves.toBeUndefined()
    const refused = requireMemory(host(2 * 2 ** 20), manifest)
    await expect(refused).rejects.toThrowWithCode(AgentError, 'NO_SPACE')
    await expect(refused).rejects.toThrow(/takes about 1\.95 GB, and there is room for 1\.48 GB/)
  })

  it('counts layers that are not compressed as they are', () => {
    const [plain] = layers(GIB).layers.map((layer) => ({
      ...layer,
      mediaType: 'application/vnd.oci.image.layer.v1.tar',
    }))
    expect(unpackedEstimate({ layers: [plain!] })).toBe(GIB)
  })

  it('never takes what programs need', async () => {
    const ran: string[] = []
    await mountScratch(host(4 * 2 ** 20, ran), '/tmp/landfall-scratch-test')
    const size = 4 * GIB - 640 * 2 ** 20
    expect(ran).toEqual([`mount -t tmpfs -o size=${size},mode=0755,nr_inodes=0 tmpfs /tmp/landfall-scratch-test`])
  })
})
