// What boards with U-Boot and Raspberry Pis ask for by TFTP, in the order and by the names that their sources and makers tell of.

import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { expect, it } from 'vitest'
import { withNetns, type Netns } from './netns.ts'

const COMMAND = resolve(import.meta.dirname, '../../server/cli/landfall.js')
const SERVER = '10.77.0.1'
const MAC = '52:54:00:12:34:56'
const MENU = `pxelinux.cfg/01-${MAC.replaceAll(':', '-')}`

it(
  'a U-Boot finds its menu beside its loader, and what the menu names below the same folder',
  { timeout: 120_000 },
  (test) =>
    withNetns(test, ['curl'], async (net) => {
      const get = await serving(net)
      expect(await get('u-boot/arm64/ipxe-arm64.efi')).toBe('iPXE')
      for (const folder of ['u-boot/arm64/', '']) {
        const menu = await get(`${folder}${MENU}`)
        const [, kernel, initrd] = /\n  kernel (\S+)\n  initrd (\S+)\n  append .*landfall\.token=lfi_/.exec(menu)!
        expect(await get(`${folder}${kernel}`)).toBe('kernel for ARM')
        expect(await get(`${folder}${initrd}`)).toBe('initramfs for ARM')
      }
      for (const name of ['0A4D0002', 'default-arm', 'default']) {
        await expect(get(`u-boot/arm64/pxelinux.cfg/${name}`), name).rejects.toThrow()
      }
    }),
)

it(
  "a Raspberry Pi finds the site's files below its serial number and its MAC address, and nothing else",
  { timeout: 120_000 },
  (test) =>
    withNetns(test, ['curl'], async (net) => {
      const get = await serving(net)
      for (const folder of ['8a1b2c3d/', 'dc-a6-32-01-02-03/', '']) {
        expect(await get(`${folder}config.txt`)).toBe('[all]')
        expect(await get(`${folder}overlays/upstream-pi4.dtbo`)).toBe('overlay')
      }
      expect(await get('1a2b3c4d/config.txt')).toBe('[pi4]')
      for (const name of ['8a1b2c3d/recovery.elf', '8a1b2c3d/../../landfall.db', 'raspberry-pi/config.txt']) {
        await expect(get(name), name).rejects.toThrow()
      }
    }),
)

const FILES = {
  'boot/loaders/ipxe-arm64.efi': 'iPXE',
  'boot/installer/vmlinuz': 'kernel',
  'boot/installer/initrd.img': 'initramfs',
  'boot/installer/arm64/vmlinuz': 'kernel for ARM',
  'boot/installer/arm64/initrd.img': 'initramfs for ARM',
  'raspberry-pi/config.txt': '[all]',
  'raspberry-pi/overlays/upstream-pi4.dtbo': 'overlay',
  'raspberry-pi/1a2b3c4d/config.txt': '[pi4]',
}

/** The server on a wire; resolves with a client that gets a name by TFTP, and rejects for one that is not there. */
async function serving(net: Netns): Promise<(name: string) => Promise<string>> {
  const [server, client] = [await net.create('server'), await net.create('client')]
  await net.connect(server, { name: 'lan0', address: `${SERVER}/24` }, client, { address: '10.77.0.2/24', mac: MAC })
  const dataDir = join(net.folder, 'data')
  for (const [path, content] of Object.entries(FILES)) {
    await mkdir(dirname(join(dataDir, path)), { recursive: true })
    await writeFile(join(dataDir, path), content)
  }
  const serve = ['serve', '--data-dir', dataDir, '--address', SERVER, '--tftp-enabled', 'true']
  const program = net.start(server, 'landfall', [process.execPath, COMMAND, ...serve])
  await program.log.waitForLine(/^Landfall \S+ serves /, { timeout: 60_000 })
  const file = join(net.folder, 'fetched')
  return async (name) => {
    await client.exec(['curl', '-sS', '--fail', '--path-as-is', '-o', file, `tftp://${SERVER}/${name}`])
    return readFile(file, 'utf8')
  }
}
