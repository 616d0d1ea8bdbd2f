// Orders from the medium that started this machine: what it holds for this machine, else what its server says, else nothing.
import { randomUUID } from 'node:crypto'
import type { Facts } from '../../../server/contract/facts.ts'
import type { MediumEntry } from '../../../server/contract/medium.ts'
import type { MediumArguments } from '../arguments.ts'
import type { Console } from '../console.ts'
import { AgentError } from '../errors.ts'
import { openServer } from '../link/server-source.ts'
import { ServerError } from '../link/server.ts'
import type { InstallLink, InstallOrder, TaskSource } from '../link/task-source.ts'
import type { Prompt } from '../prompt.ts'
import { machineRows } from '../stages/who.ts'
import type { Host } from '../sys/host.ts'
import { besidesMedium, mediumImages } from './images.ts'
import { entryFor } from './match.ts'
import { mountMedium, readMedium } from './mount.ts'

export interface MediumSourceOptions {
  host: Host
  console: Console
  prompt: Prompt
  arguments: MediumArguments
  bootMac: string | undefined
  identify: () => Promise<Facts>
  /** Where the medium gets mounted. */
  mountPoint: string
}

/** Mounts and reads the medium. Throws AgentError MEDIUM_UNREADABLE; see {@link openServer} for a medium with a server. */
export async function openMedium(options: MediumSourceOptions): Promise<TaskSource> {
  const { host, console, prompt, arguments: args, bootMac, identify, mountPoint } = options
  await mountMedium(host, console, args.label, mountPoint)
  const { entries, server } = await readMedium(mountPoint)
  const facts = await identify()
  const entry = entryFor(entries, facts)
  const ask = (link: InstallLink) => (args.confirm ? askingFirst(link, prompt) : link)
  if (entry !== undefined) {
    console.say(`this medium is for this machine: ${entry.name}`)
    const order = orderOf(entry, args.label, mountPoint)
    return oneOrder({ ...order, link: ask(order.link) }, prompt)
  }
  if (server !== undefined) {
    const medium = {
      label: args.label,
      ask,
      besides: (images: InstallOrder['images']) => besidesMedium(mountPoint, images),
    }
    return await openServer({ host, console, server, bootMac, identify, medium }).catch(refusedToken)
  }
  return nothing(console, prompt, facts, entries.length)
}

/** Starting again, as machines do that got their token over the network, would bring the same one. */
function refusedToken(cause: unknown): never {
  if (!(cause instanceof ServerError && cause.code === 'UNAUTHORIZED')) throw cause
  throw new AgentError('NETWORK', `the server does not take the join token of this medium: ${cause.message}`, {
    cause,
    hint: 'make another token with `landfall token create NAME --role join`, and with it another medium',
  })
}

function orderOf({ spec, image, trust, report }: MediumEntry, label: string, mountPoint: string): InstallOrder {
  return {
    type: 'install',
    task: { installId: report?.installId ?? randomUUID(), spec, image, trust, nextEvent: 1 },
    images: mediumImages(mountPoint),
    link: consentingLink,
    confirmation: report,
    medium: label,
  }
}

/** Who started this machine from the medium has agreed to what it says, and reads events on the console. */
const consentingLink: InstallLink = {
  sendPlan: async () => ({ go: true }),
  sendRecoveryKey: async () => {
    throw new AgentError(
      'CONFIGURE_FAILED',
      'the spec wants a recovery key, and this medium names no server to keep it',
      {
        hint: 'install over the network, or leave disks.encryption.recoveryKey out',
      },
    )
  },
  sendEvents: async (_, { events }) => ({ acknowledged: events.at(-1)?.seq ?? 0, cancelled: false }),
}

/** Nothing is written before somebody has typed `yes`. */
function askingFirst(link: InstallLink, prompt: Prompt): InstallLink {
  return {
    ...link,
    async sendPlan(installId, plan, signal) {
      const disks = plan.disks.map(({ disk: { name, serial } }) => (serial ? `${name} (serial ${serial})` : name))
      const loss = `Everything on ${disks.join(' and ')} will be lost`
      const answer = await prompt.ask(`${loss}. Type yes to install, anything else to stop:`)
      if (answer.toLowerCase() !== 'yes') return { go: false, reason: `${JSON.stringify(answer)} was typed, not yes` }
      return link.sendPlan(installId, plan, signal)
    },
  }
}

/** The same order again and again; after a failure only when somebody wants it. */
function oneOrder(order: InstallOrder, prompt: Prompt): TaskSource {
  let failed = false
  return {
    async next() {
      if (failed) await prompt.ask('Press Enter to try again, or switch this machine off.')
      failed = false
      return order
    },
    failed: () => void (failed = true),
  }
}

/** A machine that the medium is not for is shown, and left as it is. */
function nothing(console: Console, prompt: Prompt, facts: Facts, entries: number): TaskSource {
  return {
    async next() {
      const machines = entries === 1 ? 'one machine' : `${entries} machines`
      console.block(`This medium is for ${machines}, but not for this one. No disk was touched.`, machineRows(facts))
      await prompt.ask('Take the medium out and press Enter to restart, or switch this machine off.')
      return { type: 'reboot' }
    },
    failed: () => {},
  }
}
