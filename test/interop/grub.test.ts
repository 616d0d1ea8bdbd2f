// Every name under which a GRUB may look for its configuration, and every loader, by TFTP and HTTP as a client fetches them.

import { createHash } from 'node:crypto'
import { readFile, mkdir, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { expect, it } from 'vitest'
import { writeBootIso } from '../media/synthetic-boot-iso.ts'
import type { Namespace } from '../e2e/lab/namespace.ts'
import { withNetns, type Netns } from './netns.ts'

const COMMAND = resolve(import.meta.dirname, '../../server/cli/landfall.js')
const SERVER = '10.77.0.1'
const HTTP = `http://${SERVER}:8080`
const MAC = '52:54:00:12:34:56'
const BY_MAC = 'grub.cfg-01-52-54-00-12-34-56'

const FOLDERS = [
  '',
  'grub/',
  'boot/loaders/',
  'boot/loaders/grub/',
  'debian-installer/amd64/grub/',
  'boot/media/MEDIUM/',
]
const NAMES = ['grub.cfg', BY_MAC, 'grub.cfg-52-54-00-12-34-56', 'grub.cfg-44454c4c-4300-1035-8052-b4c04f4a4b31']
const PATHS = [
  ...FOLDERS.flatMap((folder) => NAMES.map((name) => `${folder}${name}`)),
  ...FOLDERS.map((folder) => `${folder}x86_64-efi/grub.cfg`),
]

it('statement 79: every name that GRUB looks for is there, by TFTP and by HTTP', { timeout: 120_000 }, (test) =>
  withNetns(test, ['curl', 'xorriso', 'mformat'], async (net) => {
    const { client, medium, files } = await serving(net)
    const own = `grub/machine/x86_64/${MAC}/grub.cfg`
    for (const path of [...PATHS, own].map((one) => one.replace('MEDIUM', medium))) {
      for (const url of [`tftp://${SERVER}/${path}`, `${HTTP}/${path}`]) {
        const text = (await fetch(client, url)).toString()
        // Whoever is named gets its decision; who is not, the way to it.
        const named = path.includes('52-54-00') || path === own
        expect(text, url).toMatch(
          named ? /'landfall\.token=lfi_/ : /^ *source '\(http,10\.77\.0\.1:8080\)\/grub\/machine'/m,
        )
        expect(text, url).toMatch(/^ *exit 1$/m)
        expect(text.includes('(tftp,'), url).toBe(url.startsWith('tftp:'))
      }
      const { headers, body } = await exchange(client, `${HTTP}/${path}`)
      expect(headers, path).toMatch(new RegExp(`^Content-Length: ${body.length}\\r$`, 'm'))
      expect(headers, path).not.toMatch(/^(Transfer-Encoding|Location):/im)
    }

    // Loaders: ours in the root of TFTP, the medium's in a folder of their own, where shim looks for GRUB beside itself.
    for (const [place, name, content] of [
      ['', 'shimx64.efi', 'our shim'],
      ['', 'grubx64.efi', 'our grub'],
      [`media/${medium}/`, 'BOOTX64.EFI', files['EFI/BOOT/BOOTX64.EFI']],
      [`media/${medium}/`, 'grubx64.efi', files['EFI/BOOT/grubx64.efi']],
      [`media/${medium}/images/pxeboot/`, 'vmlinuz', files['images/pxeboot/vmlinuz']],
      ['boot/installer/', 'vmlinuz', 'our kernel'],
    ] as const) {
      expect(sha(await fetch(client, `tftp://${SERVER}/${place}${name}`)), `${place}${name}`).toBe(sha(content!))
    }
    for (const [path, content] of [
      ['boot/loaders/shimx64.efi', 'our shim'],
      // shim puts a slash of its own before the name.
      ['boot/loaders//grubx64.efi', 'our grub'],
      [`boot/media/${medium}//grubx64.efi`, files['EFI/BOOT/grubx64.efi']],
      [`boot/media/${medium}/BOOTX64.EFI`, files['EFI/BOOT/BOOTX64.EFI']],
      [`boot/media/${medium}/grubx64.efi`, files['EFI/BOOT/grubx64.efi']],
    ] as const) {
      const { headers, body } = await exchange(client, `${HTTP}/${path}`)
      expect(headers, path).toMatch(/^Content-Type: application\/efi\r$/m)
      expect(sha(body), path).toBe(sha(content!))
    }

    // What shim and GRUB ask for besides is not there, and nobody is warned of that (statement 57).
    for (const name of [
      'revocations_sku.efi',
      'shim_certificate_0.efi',
      'grub/x86_64-efi/command.lst',
      'grub.cfg-0A4D0002',
    ]) {
      await expect(fetch(client, `tftp://${SERVER}/${name}`), name).rejects.toThrow()
      expect((await exchange(client, `${HTTP}/boot/loaders/${name}`)).headers, name).toMatch(/^HTTP\/1\.1 404 /)
    }
  }),
)

/** The server on a wire, with a medium and stand-ins for what is built. */
async function serving(net: Netns) {
  const [server, client] = [await net.create('server'), await net.create('client')]
  await net.connect(server, { name: 'lan0', address: `${SERVER}/24` }, client, { address: '10.77.0.2/24', mac: MAC })
  const dataDir = join(net.folder, 'data')
  const boot = {
    'loaders/shimx64.efi': 'our shim',
    'loaders/grubx64.efi': 'our grub',
    'installer/vmlinuz': 'our kernel',
  }
  for (const [path, content] of Object.entries(boot)) {
    await mkdir(join(dataDir, 'boot', path, '..'), { recursive: true })
    await writeFile(join(dataDir, 'boot', path), content)
  }
  const landfall = (...args: string[]) => [process.execPath, COMMAND, '--data-dir', dataDir, ...args]
  const program = net.start(server, 'landfall', landfall('serve', '--address', SERVER, '--tftp-enabled', 'true'))
  await program.log.waitForLine(/^Landfall \S+ serves /, { timeout: 30_000 })
  const iso = join(net.folder, 'boot.iso')
  const files = await writeBootIso(iso, { product: 'Fedora', version: '44' })
  const { stdout } = await server.exec(landfall('media', 'import', iso, '--output', 'json'))
  const [{ id: medium }] = JSON.parse(stdout) as [{ id: string }]
  return { client: { namespace: client, file: join(net.folder, 'fetched') }, medium, files }
}

/** Rejects for what is not there. */
async function fetch(client: Client, url: string): Promise<Buffer> {
  await client.namespace.exec(['curl', '-sS', '--fail', '-o', client.file, url])
  return readFile(client.file)
}

/** Headers as they were sent, and the body. */
async function exchange(client: Client, url: string): Promise<{ headers: string; body: Buffer }> {
  const { stdout: headers } = await client.namespace.exec(['curl', '-sS', '-D', '-', '-o', client.file, url])
  return { headers, body: await readFile(client.file) }
}

interface Client {
  namespace: Namespace
  /** Where what it fetches goes. */
  file: string
}

function sha(content: Uint8Array | string): string {
  return createHash('sha256').update(content).digest('hex')
}
