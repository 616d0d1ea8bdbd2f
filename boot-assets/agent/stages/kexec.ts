// Loads the installed system's kernel, so that it can be started without going through the firmware.
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { kernelCommandLine, parseBlsEntry } from '../boot/bls-entry.ts'
import type { BootEntryFile } from '../boot/bls-entry.ts'
import { CommandError } from '../sys/command.ts'
import type { Host } from '../sys/host.ts'

export interface KexecOptions {
  host: Host
  /** Where the target is mounted. */
  mountPoint: string
  say: (text: string) => void
  warn: (text: string) => void
}

/**
 * True once the kernel waits in memory: then the target may be unmounted. The kernel of the installer is the judge of that, also under
 * Secure Boot, where it takes only one that is signed. False, with the reason as a warning, when the machine has to restart instead.
 */
export async function loadInstalledKernel({ host, mountPoint, say, warn }: KexecOptions): Promise<boolean> {
  const refuse = (why: string): false => {
    warn(`kexec is not possible: ${why}; the machine restarts by its firmware instead`)
    return false
  }
  const entry = await newestEntry(join(mountPoint, 'boot/loader/entries'))
  if (entry === undefined) return refuse('the installed system has no boot entry with a kernel of its own')
  const place = async (path: string) => {
    // With or without the prefix that a file system of its own for /boot takes away.
    const candidates = [join(mountPoint, path), join(mountPoint, 'boot', path)]
    const found = await Promise.all(candidates.map((candidate) => host.resolve(candidate)))
    return found.find((file) => file !== undefined) ?? candidates[0]!
  }
  const { linux, initrd, devicetree, options } = entry
  try {
    await host.run('kexec', [
      '--load',
      '--kexec-file-syscall',
      await place(linux),
      ...(initrd === undefined ? [] : [`--initrd=${await place(initrd)}`]),
      ...(devicetree === undefined ? [] : [`--dtb=${await place(devicetree)}`]),
      `--command-line=${kernelCommandLine(options)}`,
    ])
  } catch (error) {
    if (!(error instanceof CommandError)) throw error
    return refuse(await reasonOf(host, error))
  }
  say(`the installed kernel is loaded: ${linux}`)
  await forgetBootNext(host)
  return true
}

async function newestEntry(folder: string): Promise<BootEntryFile | undefined> {
  const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.conf'))
  const entries = await Promise.all(
    names.map(async (name) => parseBlsEntry(await readFile(join(folder, name), 'utf8'))),
  )
  return entries
    .filter((entry) => entry !== undefined)
    .sort((a, b) => b.version.localeCompare(a.version, 'en', { numeric: true }))[0]
}

/** What forbids it, as far as the kernel tells; else the last words of the program. */
async function reasonOf(host: Host, error: CommandError): Promise<string> {
  const lockdown = /\[(integrity|confidentiality)\]/.exec((await host.read('/sys/kernel/security/lockdown')) ?? '')?.[1]
  const said = error.stderr.trim().split('\n').at(-1) || error.message
  if (lockdown !== undefined) {
    return `Secure Boot has put the kernel into lockdown (${lockdown}), and it does not know who signed the installed one (${said})`
  }
  if ((await host.read('/proc/sys/kernel/kexec_load_disabled')) === '1') return 'kernel.kexec_load_disabled is set'
  return said
}

/** The choice for the next start through the firmware would wait there for a later one, which may be meant for the network. */
async function forgetBootNext(host: Host): Promise<void> {
  if ((await host.list('/sys/firmware/efi/efivars')).length === 0) return
  // It may not be set, and a firmware that refuses is no failure.
  await host.run('efibootmgr', ['--quiet', '--delete-bootnext']).catch(() => {})
}
