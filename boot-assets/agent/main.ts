// The agent in the installer: says who this machine is, waits for what it shall become, and makes it that.
//
// Exit codes: 0 with `reboot`, `poweroff` or `kexec` in /run/landfall/finish; 1 when it could not go on and should be started again.
import { createWriteStream } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isatty } from 'node:tty'
import type { MachineSpec } from '../../server/contract/spec.ts'
import { planDisks } from '../../server/plan/plan-disks.ts'
import { parseArguments } from './arguments.ts'
import { textConsole } from './console.ts'
import { toFailure } from './errors.ts'
import { ServerError } from './link/server.ts'
import { openServer } from './link/server-source.ts'
import type { TaskSource } from './link/task-source.ts'
import { openMedium } from './medium/medium-source.ts'
import { consolePrompt } from './prompt.ts'
import { identify } from './stages/identify.ts'
import { install } from './stages/install.ts'
import { realHost } from './sys/host.ts'
import { agentVersion } from './version.ts'

/** Read by the installer's init once the agent has ended. */
const FINISH_FILE = '/run/landfall/finish'
const MOUNT_POINT = '/run/landfall/target'
const VOLUMES = '/run/landfall/volumes'
const STAGE = '/run/landfall/image-root'
const MEDIUM = '/run/landfall/medium'

/** Time for the consoles to show what was said last. */
const LAST_WORDS_MS = 5000

type Finish = MachineSpec['finish']

const LAST_WORDS: Record<Finish, string> = {
  reboot: 'done: restarting into the installed system',
  poweroff: 'done: switching off',
  kexec: 'done: starting the installed system at once',
}

// Not process.stdout: that one blocks the whole process while a console hangs, and no serial line may hold up an install.
const out = createWriteStream('/dev/stdout', { fd: 1 })
// The installer's init copies our output to every console, so that a pipe here still means a terminal there.
const consoles = process.env['LANDFALL_CONSOLES']
const terminal = isatty(1) || consoles !== undefined
const console = textConsole(out, { terminal })
const host = realHost
const prompt = consolePrompt(host, console, consoles?.split(' ') ?? ['/dev/tty'])

async function main(): Promise<Finish> {
  console.say(`Landfall agent ${agentVersion}`)
  const { bootMac, source } = parseArguments((await host.read('/proc/cmdline')) ?? '')
  const common = { host, console, bootMac, identify: () => identify(host, bootMac) }
  const orders: TaskSource =
    source.kind === 'server'
      ? await openServer({ ...common, server: source })
      : await openMedium({ ...common, arguments: source, prompt, mountPoint: MEDIUM })
  for (;;) {
    const order = await orders.next()
    if (order.type !== 'install') return order.type
    const { image } = order.task
    console.say(`an image is assigned: ${image.targetReference} (${image.digest})`)
    const outcome = await install(
      {
        ...common,
        planDisks,
        mountPoint: MOUNT_POINT,
        volumes: VOLUMES,
        stage: STAGE,
        peakRss: () => process.resourceUsage().maxRSS * 1024,
      },
      order,
    )
    if (outcome.state === 'installed') return outcome.finish
    orders.failed()
  }
}

async function leave(how: Finish): Promise<never> {
  await mkdir(dirname(FINISH_FILE), { recursive: true })
  await writeFile(FINISH_FILE, `${how}\n`)
  return exit(0)
}

async function exit(code: number): Promise<never> {
  await Promise.race([new Promise((resolve) => out.end(resolve)), sleep(LAST_WORDS_MS)])
  process.exit(code)
}

try {
  const how = await main()
  console.say(LAST_WORDS[how])
  await leave(how)
} catch (error) {
  console.failure('The agent cannot go on', toFailure(error, 'boot'))
  if (error instanceof ServerError && error.code === 'UNAUTHORIZED') {
    // Only a new boot script holds a new token. The pause keeps a machine that is not wanted from rebooting all day.
    console.say('the install token is no longer valid: restarting in 60 s to ask for a new one')
    await sleep(60_000)
    await leave('reboot')
  }
  await exit(1)
}
