// The whole server on a wire with IPv6 alone: what a machine asks it for on its way to the installer, by a real client.

import { join, resolve } from 'node:path'
import { expect, it } from 'vitest'
import { withNetns } from './netns.ts'

const COMMAND = resolve(import.meta.dirname, '../../server/cli/landfall.js')
const SUBNET = ['--dhcp6-subnet-prefix', 'fd00:77::/64', '--dhcp6-subnet-pool', 'fd00:77::1000-fd00:77::1fff']

it('boot files, scripts and certificate: everything names the IPv6 address, in brackets', (test) =>
  withNetns(test, ['curl'], async (net) => {
    const [server, client] = [await net.create('server'), await net.create('client')]
    await net.connect(server, { name: 'lan0' }, client, {})
    await server.ip('address', 'add', 'fd00:77::1/64', 'dev', 'lan0', 'nodad')
    await client.ip('address', 'add', 'fd00:77::2/64', 'dev', 'eth0', 'nodad')
    const six = ['--dhcp6-mode', 'stateful', '--dhcp6-interface', 'lan0', ...SUBNET]
    const argv = [process.execPath, COMMAND, 'serve', '--data-dir', join(net.folder, 'data'), ...six]
    const landfall = net.start(server, 'landfall', argv)
    await landfall.log.waitForLine(/^Landfall \S+ serves https:\/\/\[fd00:77::1\]:8443/, { timeout: 30_000 })

    const get = async (...args: string[]) => (await client.exec(['curl', '-sSf', '--max-time', '20', ...args])).stdout
    const identify = await get('tftp://[fd00:77::1]/autoexec.ipxe')
    expect(identify).toContain('http://[fd00:77::1]:8080/boot/ipxe?identified=1')
    expect(identify).toContain('isset ${netX/ip6} || ifconf')
    expect(await get('http://[fd00:77::1]:8080/boot/ipxe')).toBe(identify)

    const script = await get('http://[fd00:77::1]:8080/boot/ipxe?mac=52:54:00:12:34:56&arch=x86_64&platform=efi')
    expect(script).toContain('kernel --timeout 60000 http://[fd00:77::1]:8080/boot/installer/vmlinuz')
    expect(script).toContain('landfall.url=https://[fd00:77::1]:8443 landfall.http=http://[fd00:77::1]:8080')

    // The certificate is for the address, and the fingerprint in the script is that of its CA.
    const ca = join(net.folder, 'ca.pem')
    await get('-o', ca, 'http://[fd00:77::1]:8080/boot/ca.pem')
    expect(await get('--cacert', ca, 'https://[fd00:77::1]:8443/livez')).not.toBe('')
  }))
