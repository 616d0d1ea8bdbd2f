// The lab proves itself before it judges anything else: firmware reaches the wire, power and cables do what they say.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFile, mkdir, mkdtemp, open, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { debianRoot } from '../../boot-assets/debian/root.ts'
import { bootsUnder } from '../../boot-assets/qemu/accelerator.ts'
import { qemuPackage } from '../../boot-assets/qemu/package.ts'
import { run } from './lab/command.ts'
import { espList, espRead, mountPartition, partitions } from './lab/disk.ts'
import { labUnavailable, type Lab } from './lab/lab.ts'
import type { LabProcess } from './lab/process.ts'
import { scenario } from './lab/scenario.ts'
import { Transcript } from './lab/transcript.ts'

const PNG = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1')

describe('power, cable and screen', () => {
  scenario('a UEFI machine asks by its own PXE, loses its cable, its power, and asks again', async (lab) => {
    const dhcp = dnsmasq(lab, [])
    const machine = await lab.machine({ name: 'box', mac: '52:54:00:00:00:01', disks: [{ sizeGiB: 1 }] })
    await machine.powerOn()
    await dhcp.log.waitForLine(/DHCPDISCOVER\(br0\) 52:54:00:00:00:01/)
    await machine.serial.waitForLine(/Start PXE over IPv4/)
    expect((await readFile(await machine.screenshot())).subarray(0, PNG.length)).toEqual(PNG)

    await machine.linkDown()
    await machine.reset()
    await machine.serial.waitForLine(/PXE-E12|Media|No bootable|BdsDxe: failed/i)
    await machine.cut()
    expect(machine.running).toBe(false)
    await expect(machine.serial.waitForLine(/never said/)).rejects.toThrow(/has no power/)

    await machine.powerOn()
    await dhcp.log.waitForLine(/DHCPDISCOVER\(br0\) 52:54:00:00:00:01/)
    await machine.powerOff()
    expect(machine.running).toBe(false)
  })
})

describe("QEMU's own faults", () => {
  scenario('a guest that says that it lost a timer is powered on again, twice at most', async (lab) => {
    const sign = "rcu_preempt kthread timer wakeup didn't happen"
    await serveScript(lab, 'undionly.kpxe', `#!ipxe\n${`echo ${sign}\n`.repeat(3)}sleep 3\necho still on\nsleep 60\n`)
    const machine = await lab.machine({ name: 'bios', firmware: 'bios', memoryMiB: 512 })
    await machine.powerOn()
    await machine.serial.waitForLine(/still on/)
    expect(machine.serial.matching(/rcu_preempt/)).toHaveLength(9)
    expect(machine.running).toBe(true)
  })
})

describe('netboot', () => {
  scenario('UEFI: firmware PXE loads snponly.efi, which runs a script', async (lab) => {
    await serveScript(lab, 'snponly.efi')
    const machine = await lab.machine({ name: 'uefi', memoryMiB: 1024 })
    await machine.powerOn()
    await machine.serial.waitForLine(/the script ran on efi for LAB-uefi/)
  })

  scenario("BIOS: the card's iPXE loads undionly.kpxe, which runs a script", async (lab) => {
    await serveScript(lab, 'undionly.kpxe')
    const machine = await lab.machine({ name: 'bios', firmware: 'bios', memoryMiB: 512 })
    await machine.powerOn()
    await machine.serial.waitForLine(/the script ran on pcbios for LAB-bios/)
  })

  scenario('UEFI with Secure Boot refuses an unsigned loader', async (lab) => {
    const dhcp = await serveScript(lab, 'snponly.efi')
    const machine = await lab.machine({ name: 'secure', firmware: 'uefi-secureboot', memoryMiB: 1024 })
    await machine.powerOn()
    await dhcp.log.waitForLine(/sent .*snponly\.efi/)
    await machine.serial.waitForLine(/Access Denied|Security Violation/i)
    expect(machine.serial.matching(/the script ran/)).toEqual([])
  })

  scenario('UEFI HTTP Boot asks for a URL, not for a TFTP server', async (lab) => {
    const dhcp = dnsmasq(lab, [])
    const machine = await lab.machine({ name: 'http', netboot: 'http', memoryMiB: 1024 })
    await machine.powerOn()
    await dhcp.log.waitForLine(/vendor class: HTTPClient:Arch:00016/)
  })

  scenario("UEFI e1000e: the firmware asks by the driver in the card's ROM", async (lab) => {
    const dhcp = dnsmasq(lab, [])
    const machine = await lab.machine({ name: 'intel', nic: 'e1000e', rom: true, memoryMiB: 1024 })
    await machine.powerOn()
    await dhcp.log.waitForLine(/vendor class: PXEClient:Arch:00007/)
  })
})

describe('the wire', () => {
  scenario('a server inside is reached from outside, and by other hosts on the wire', async (lab) => {
    const code = `require('http').createServer((q, r) => r.end('hello ' + q.socket.remoteAddress)).listen(8080, () => console.log('up'))`
    const server = lab.spawn('server', [process.execPath, '-e', code])
    await server.log.waitForLine(/up/)
    const port = await lab.exposeTcp(8080)
    expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toMatch(/^hello .*10\.77\.0\.1$/)
    expect(await (await lab.fetchInside('http://10.77.0.1:8080/')).text()).toMatch(/^hello /)

    const client = await lab.network.join('client', { address: '10.77.0.9/24' })
    expect((await client.exec(['curl', '-sS', 'http://10.77.0.1:8080/'])).stdout).toMatch(/10\.77\.0\.9$/)
    await expect(client.exec(['ping', '-c1', '-W1', '192.0.2.1'])).rejects.toThrow(/unreachable/i)

    await server.kill()
    await expect(lab.fetchInside('http://10.77.0.1:8080/')).rejects.toThrow()
  })

  it('what a killed run left behind is gone after the next start', async ({ skip }) => {
    const reason = labUnavailable()
    if (reason !== undefined) return skip(reason)
    const module = join(import.meta.dirname, 'lab/namespace.ts')
    const code = `const { createNamespace } = await import(${JSON.stringify(module)}); console.log((await createNamespace('left')).name); setInterval(() => {}, 1000)`
    const child = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', 'pipe', 'inherit'] })
    const [line] = (await once(child.stdout, 'data')) as [Buffer]
    const name = line.toString().trim()
    expect(await readdir('/run/netns')).toContain(name)
    child.kill('SIGKILL')
    await once(child, 'exit')

    const { createNamespace } = await import('./lab/namespace.ts')
    await using _ = await createNamespace('next')
    expect(await readdir('/run/netns')).not.toContain(name)
  })
})

describe('a look at a disk', () => {
  it('reads the file systems of a machine that is off', { timeout: 120_000 }, async ({ skip }) => {
    const reason = labUnavailable()
    if (reason !== undefined) return skip(reason)
    await using folder = await temporaryFolder()
    const disk = await diskWithEspAndRoot(folder.path)
    expect((await partitions(disk)).map(({ number, label }) => [number, label])).toEqual([
      [1, 'esp'],
      [2, 'root'],
    ])
    expect(await espList(disk)).toEqual(['/EFI/BOOT/BOOTX64.EFI'])
    expect(await espRead(disk, '/EFI/BOOT/BOOTX64.EFI')).toBe('not really\n')
    await using root = await mountPartition(disk, 2)
    expect(await readFile(join(root.path, 'etc/hostname'), 'utf8')).toBe('box\n')
    await expect(writeFile(join(root.path, 'new'), '')).rejects.toThrow(/EROFS/)
    await expect(mountPartition(disk, 3)).rejects.toThrow(/there is no such partition/)
  })
})

describe('the KVM probe', () => {
  it('recognises an accelerator that works', { timeout: 300_000 }, async ({ skip }) => {
    const reason = labUnavailable()
    if (reason !== undefined) return skip(reason)
    await using folder = await temporaryFolder()
    expect(await bootsUnder('tcg', await qemuPackage(), folder.path)).toBe(true)
  })
})

describe('a transcript', () => {
  it('matches each line once, across chunks, prompts and carriage returns included', async () => {
    await using folder = await temporaryFolder()
    const log = new Transcript('test', join(folder.path, 'log'))
    log.append(Buffer.from('first\r\nsec'))
    log.append(Buffer.from('ond\n10 %\r20 %\r\x1b[1mlogin: '))
    expect((await log.waitForLine(/^second$/)).input).toBe('second')
    expect((await log.waitForLine(/^login: $/)).input).toBe('login: ')
    expect(log.lines).toEqual(['first', 'second', '10 %', '20 %'])
    const again = log.waitForLine(/login/)
    log.append(Buffer.from('root\nlogin: '))
    await again
    expect((await log.waitForLine(/f.rst/, { fromStart: true })).input).toBe('first')
    await expect(log.waitForLine(/never/, { timeout: 10 })).rejects.toThrow(/waited 0.01 s for \/never\/.*login: root/s)
    await log.close()
  })
})

/** dnsmasq on the bridge: DHCP, and TFTP from a folder of the lab. */
function dnsmasq(lab: Lab, extra: string[]): LabProcess {
  const range = '--dhcp-range=10.77.0.100,10.77.0.200,5m'
  const quiet = ['--conf-file=/dev/null', '--port=0', '--leasefile-ro', '--user=root', '--bind-interfaces']
  const argv = ['dnsmasq', '--keep-in-foreground', '--log-facility=-', '--log-dhcp', ...quiet, '--interface=br0', range]
  return lab.spawn('dnsmasq', [...argv, ...extra])
}

const WHERE = '#!ipxe\necho the script ran on ${platform} for ${serial}\nsleep 60\n'

/** Serves a loader of Debian's `ipxe` package, and to iPXE itself a script that prints where it runs. */
async function serveScript(lab: Lab, loader: string, script = WHERE): Promise<LabProcess> {
  const folder = join(lab.workFolder, 'tftp')
  await mkdir(folder)
  const ipxe = await debianRoot({ suite: 'trixie', packages: ['ipxe'], variant: 'extract' })
  await copyFile(join(ipxe, 'usr/lib/ipxe', loader), join(folder, loader))
  await writeFile(join(folder, 'autoexec.ipxe'), script)
  await writeFile(join(folder, 'boot.ipxe'), script)
  // An iPXE that came from here has "feature: EFI/PXE" options and user class iPXE: it gets the script. So does the ROM.
  const stages = ['--dhcp-userclass=set:ipxe,iPXE', `--dhcp-boot=tag:!ipxe,${loader}`, '--dhcp-boot=tag:ipxe,boot.ipxe']
  return dnsmasq(lab, ['--enable-tftp', `--tftp-root=${folder}`, ...stages])
}

async function temporaryFolder(): Promise<AsyncDisposable & { path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'landfall-test-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) }
}

const MIB = 1024 * 1024

/** A 64 MiB GPT disk: a FAT EFI system partition with one file, and an ext4 root with /etc/hostname. */
async function diskWithEspAndRoot(folder: string): Promise<string> {
  const disk = join(folder, 'disk.img')
  const handle = await open(disk, 'w')
  await handle.truncate(64 * MIB)
  await handle.close()
  const table = 'label: gpt\nstart=1MiB,size=16MiB,type=U,name=esp\nstart=17MiB,size=40MiB,type=L,name=root\n'
  await run(['sfdisk', '--quiet', disk], { input: table })
  await run(['mformat', '-i', `${disk}@@${MIB}`, '-T', String((16 * MIB) / 512), '::'])
  await run(['mmd', '-i', `${disk}@@${MIB}`, '::/EFI', '::/EFI/BOOT'])
  await writeFile(join(folder, 'loader'), 'not really\n')
  await run(['mcopy', '-i', `${disk}@@${MIB}`, join(folder, 'loader'), '::/EFI/BOOT/BOOTX64.EFI'])
  const root = join(folder, 'root/etc')
  await mkdir(root, { recursive: true })
  await writeFile(join(root, 'hostname'), 'box\n')
  const offset = `offset=${17 * MIB}`
  await run(['mkfs.ext4', '-q', '-F', '-E', offset, '-d', join(folder, 'root'), disk, '40M'])
  return disk
}
