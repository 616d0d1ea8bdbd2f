// What dracut and Anaconda do on the wire and with a kickstart, without a machine: real curl with their options, headers and retries, and the
// scripts of the kickstart run by bash, as root of a namespace in which they find /etc, /run, /tmp and /mnt/sysimage of their own.
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { parseKickstart } from '../../server/kickstart/parse.ts'
import type { Kickstart, KickstartSection } from '../../server/kickstart/parse.ts'

const run = promisify(execFile)

export interface FakeMachine {
  mac: string
  /** Name of its only network card. */
  nic?: string
  serial?: string
  /** What `lsblk` shows. */
  disks: readonly { name: string; serial?: string; size: number; tran?: string }[]
}

/** An HTTP answer as curl had it. */
interface Fetched {
  status: number
  headers: string
  body: string
}

export class FakeAnaconda implements AsyncDisposable {
  readonly machine: FakeMachine
  /** The kernel command line that the boot script gave, by name. */
  readonly arguments = new Map<string, string>()
  kickstart: Kickstart | undefined
  readonly #root: string
  readonly #init: ChildProcess

  private constructor(machine: FakeMachine, root: string, init: ChildProcess) {
    this.machine = machine
    this.#root = root
    this.#init = init
  }

  /** Opens the sandbox. Needs root. */
  static async start(machine: FakeMachine): Promise<FakeAnaconda> {
    const root = await mkdtemp(join(tmpdir(), 'landfall-anaconda-'))
    for (const folder of ['tmp', 'run', 'etc', 'sysimage/etc', 'sys', 'bin', 'log']) {
      await mkdir(join(root, folder), { recursive: true })
    }
    await run('cp', ['-a', '/etc/passwd', '/etc/group', '/etc/hosts', '/etc/nsswitch.conf', join(root, 'etc')])
    await writePrograms(join(root, 'bin'), machine)
    await mkdir(join(root, `sys/class/net/${machine.nic ?? 'eno1'}/device`), { recursive: true })
    await writeFile(join(root, `sys/class/net/${machine.nic ?? 'eno1'}/address`), `${machine.mac}\n`)
    const mounts = [
      ['etc', '/etc'],
      ['run', '/run'],
      ['sys', '/sys'],
      ['log', '/var/log'],
    ].map(([from, to]) => `mount --bind ${root}/${from} ${to}`)
    // /tmp comes last: the sandbox itself lies there.
    const script = [
      ...mounts,
      `mount -t tmpfs none /mnt`,
      'mkdir /mnt/sysimage',
      `mount --bind ${root}/sysimage /mnt/sysimage`,
      `mkdir /mnt/bin`,
      `mount --bind ${root}/bin /mnt/bin`,
      `mount --bind ${root}/tmp /tmp`,
      'echo ready',
      'exec sleep 3600',
    ].join(' && ')
    const init = spawn('unshare', ['--mount', '--pid', '--fork', '--kill-child', '--mount-proc', 'sh', '-c', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await Promise.race([
      once(init.stdout, 'data'),
      once(init, 'exit').then(() => Promise.reject(new Error('no sandbox'))),
    ])
    return new FakeAnaconda(machine, root, init)
  }

  /** Reads the boot script as iPXE would: kernel, initrd and arguments. Returns the URLs. */
  readScript(script: string): { kernel: string; initrd: string } {
    const [, kernel, line] = /^kernel (?:--timeout \d+ )?(\S+) (.*?) \|\|/m.exec(script) ?? []
    const [, initrd] = /^initrd (?:--timeout \d+ )?(?:--name \S+ )?(\S+)/m.exec(script) ?? []
    if (kernel === undefined || initrd === undefined) throw new Error(`no kernel in ${script}`)
    for (const word of line!.split(' ')) {
      const [name = '', ...value] = word.split('=')
      if (name !== 'console') this.arguments.set(name, value.join('='))
    }
    return { kernel, initrd }
  }

  /** As anaconda-ks-sendheaders.sh and the initramfs' curl do it. */
  async fetchKickstart(change: { mac?: string; serial?: string } = {}): Promise<Fetched> {
    const { nic = 'eno1', serial } = this.machine
    const headers = ['X-Anaconda-Architecture: x86_64', 'X-Anaconda-System-Release: Fedora']
    if (this.arguments.has('inst.ks.sendmac'))
      headers.push(`X-RHN-Provisioning-MAC-0: ${nic} ${change.mac ?? this.machine.mac}`)
    const sent = change.serial ?? serial
    if (this.arguments.has('inst.ks.sendsn') && sent !== undefined) headers.push(`X-System-Serial-Number: ${sent}`)
    const answer = await this.curl(
      this.arguments.get('inst.ks')!,
      headers.flatMap((header) => ['--header', header]),
    )
    if (answer.status === 200) this.kickstart = parseKickstart(answer.body)
    return answer
  }

  /** Everything the initramfs wants of the tree, in its order. Returns statuses by path. */
  async fetchTree(): Promise<Record<string, number>> {
    const tree = this.arguments.get('inst.stage2')!
    const statuses: Record<string, number> = {}
    const get = async (path: string, ...flags: string[]) => {
      const answer = await this.curl(`${tree}/${path}`, flags)
      statuses[path] = answer.status
      return answer.body
    }
    const main = /^mainimage\s*=\s*(\S+)/m.exec(await get('.treeinfo'))?.[1] ?? 'images/install.img'
    await get(main, '--range', '0-15')
    await get('images/updates.img')
    await get('images/product.img')
    return statuses
  }

  async curl(url: string, flags: readonly string[] = []): Promise<Fetched> {
    const body = join(this.#root, 'body')
    const options = [
      '--silent',
      '--show-error',
      '--location',
      '--globoff',
      '--retry',
      '1',
      '--dump-header',
      '-',
      '--output',
      body,
    ]
    const { stdout } = await run('curl', [...options, ...flags, url])
    const status = Number(/^HTTP\/[\d.]+ (\d+)/.exec(stdout)?.[1])
    return { status, headers: stdout, body: await readFile(body, 'latin1').catch(() => '') }
  }

  /**
   * Runs the sections of a kind, in order. One that has `--erroronfail` and fails runs `%onerror` and rejects, as Anaconda does.
   */
  async runSections(name: '%pre' | '%pre-install' | '%post'): Promise<void> {
    for (const section of this.kickstart!.sections.filter((one) => one.name === name)) {
      const { code, output } = await this.#runScript(section)
      if (code !== 0 && section.words.includes('--erroronfail')) {
        await this.fail()
        throw new Error(`${name} ended with ${code}: ${output}`)
      }
    }
  }

  /** Runs `%onerror`. */
  async fail(): Promise<void> {
    for (const section of this.kickstart!.sections.filter(({ name }) => name === '%onerror'))
      await this.#runScript(section)
  }

  /** Runs what the installed system would at its first boot; `ostree` tells it this digest. */
  async firstBoot(digest: string): Promise<string> {
    const sysimage = join(this.#root, 'sysimage')
    await run('cp', ['-a', join(sysimage, 'etc/landfall'), join(this.#root, 'etc/landfall')])
    const deployment = `/ostree/deploy/default/deploy/${'c0'.repeat(32)}.0`
    await writeFile(join(this.#root, 'tmp/cmdline'), `quiet ostree=${deployment}\n`)
    await program(join(this.#root, 'bin/readlink'), `echo ${deployment}`)
    await program(join(this.#root, 'bin/ostree'), `echo "'${digest}'"`)
    const boot = 'mount --bind /tmp/cmdline /proc/cmdline && exec sh /etc/landfall/confirm.sh'
    return (await this.#inside('sh', '-c', boot)).output
  }

  /** A file that scripts wrote, by its path below the sandbox: `tmp/x`, `etc/x`, `sysimage/etc/x`. */
  read(path: string): Promise<string> {
    return readFile(join(this.#root, path), 'utf8')
  }

  /** Puts a shell script in the place of a program. */
  program(name: string, body: string): Promise<void> {
    return program(join(this.#root, 'bin', name), body)
  }

  /** Adds to Anaconda's own log. */
  log(text: string): Promise<void> {
    return writeFile(join(this.#root, 'tmp/anaconda.log'), text, { flag: 'a' })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const exit = once(this.#init, 'exit')
    this.#init.kill('SIGKILL')
    await exit
    await rm(this.#root, { recursive: true, force: true })
  }

  async #runScript({ body }: KickstartSection): Promise<{ code: number; output: string }> {
    const script = join(this.#root, 'tmp/section.sh')
    await writeFile(script, `${body.join('\n')}\n`)
    return this.#inside('bash', '/tmp/section.sh')
  }

  async #inside(...command: string[]): Promise<{ code: number; output: string }> {
    const { stdout } = await run('pgrep', ['--parent', String(this.#init.pid)])
    const enter = [
      '--target',
      stdout.trim(),
      '--mount',
      '--pid',
      'env',
      'PATH=/mnt/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      ...command,
    ]
    const out: string[] = []
    const child = spawn('nsenter', enter, { stdio: ['ignore', 'pipe', 'pipe'] })
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => out.push(chunk.toString()))
    const [code] = (await once(child, 'close')) as [number]
    return { code, output: out.join('') }
  }
}

/** Stands for what looks at the hardware or belongs to the installed system. */
async function writePrograms(folder: string, { disks }: FakeMachine): Promise<void> {
  const blockdevices = disks.map(({ name, serial = null, size, tran = 'sata' }) => ({
    name,
    type: 'disk',
    serial,
    wwn: null,
    model: null,
    tran,
    rota: false,
    size,
    rm: false,
    ro: false,
  }))
  await writeFile(join(folder, 'disks.json'), JSON.stringify({ blockdevices }))
  await program(join(folder, 'lsblk'), 'cat /mnt/bin/disks.json')
  await program(join(folder, 'findmnt'), 'exit 1')
  await program(join(folder, 'restorecon'), 'exit 0')
  await program(join(folder, 'systemctl'), 'exit 0')
  // The clock of this host is not the test's to set.
  await program(join(folder, 'date'), 'case "$*" in *-s*) exit 1 ;; esac; exec /bin/date "$@"')
}

async function program(path: string, body: string): Promise<void> {
  await writeFile(path, `#!/bin/sh\n${body}\n`)
  await chmod(path, 0o755)
}
