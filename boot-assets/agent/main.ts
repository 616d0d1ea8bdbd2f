// The agent in the installer: says who this machine is, waits for what it shall become, and makes it that.
//
// Exit codes: 0 with `reboot` or `poweroff` in /run/landfall/finish; 1 when it could not go on and should be started again.
import { randomUUID } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isatty } from 'node:tty'
import type { Facts } from '../../server/contract/facts.ts'
import { planDisks } from '../../server/plan/plan-disks.ts'
import { parseArguments } from './arguments.ts'
import { textConsole } from './console.ts'
import { toFailure } from './errors.ts'
import { ServerError } from './link/server.ts'
import { Session } from './link/session.ts'
import { connect } from './stages/connect.ts'
import { bootNic, identify } from './stages/identify.ts'
import { install } from './stages/install.ts'
import { waitForTask } from './stages/wait.ts'
import { realHost } from './sys/host.ts'
import { agentVersion } from './version.ts'

/** Read by the installer's init once the agent has ended. */
const FINISH_FILE = '/run/landfall/finish'
const MOUNT_POINT = '/run/landfall/target'
const STAGE = '/run/landfall/image-root'

/** Time for the consoles to show what was said last. */
const LAST_WORDS_MS = 5000

type Finish = 'reboot' | 'poweroff'

// Not process.stdout: that one blocks the whole process while a console hangs, and no serial line may hold up an install.
const out = createWriteStream('/dev/stdout', { fd: 1 })
// The installer's init copies our output to every console, so that a pipe here still means a terminal there.
const terminal = isatty(1) || process.env['LANDFALL_CONSOLES'] !== undefined
const console = textConsole(out, { terminal })
const host = realHost

async function main(): Promise<Finish> {
  console.say(`Landfall agent ${agentVersion}`)
  const args = parseArguments((await host.read('/proc/cmdline')) ?? '')
  const { server, ca } = await connect(host, console, args)
  const bootId = randomUUID()
  let facts: Facts = await identify(host, args.bootMac)

  const session = new Session({
    server,
    installToken: args.token,
    describe: async () => {
      facts = await identify(host, args.bootMac)
      return { bootMac: args.bootMac ?? bootNic(facts.nics).mac, facts, agentVersion, bootId }
    },
    onTrouble: (message, pause) => console.say(`${message}; trying again in ${Math.round(pause / 1000)} s`),
    onRegistered: ({ machineName, serverName }) => console.say(`registered with ${serverName} as ${machineName}`),
  })

  console.say(`registering with ${args.url}`)
  await session.register()
  for (;;) {
    const task = await waitForTask(session, console, () => ({ facts, url: args.url }))
    if (task.type !== 'install') return task.type
    console.say(`an image is assigned: ${task.image.targetReference} (${task.image.digest})`)
    const outcome = await install(
      {
        host,
        console,
        server,
        session,
        ca,
        identify: () => identify(host, args.bootMac),
        planDisks,
        mountPoint: MOUNT_POINT,
        stage: STAGE,
        peakRss: () => process.resourceUsage().maxRSS * 1024,
      },
      task,
    )
    if (outcome.state === 'installed') return task.spec.finish
    console.say('this machine now waits for another assignment; nothing needs to be done here')
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
  console.say(how === 'reboot' ? 'done: restarting into the installed system' : 'done: switching off')
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
