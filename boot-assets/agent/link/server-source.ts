// Orders from a Landfall server: registers, waits for a task, shows a calm screen meanwhile.
import { randomUUID } from 'node:crypto'
import type { Facts } from '../../../server/contract/facts.ts'
import type { ServerArguments } from '../arguments.ts'
import type { Console } from '../console.ts'
import { connect } from '../stages/connect.ts'
import { bootNic } from '../stages/identify.ts'
import { waitForTask } from '../stages/wait.ts'
import type { Host } from '../sys/host.ts'
import { agentVersion } from '../version.ts'
import { serverImages } from './server-images.ts'
import { Session } from './session.ts'
import type { ImageSource, InstallLink, TaskSource } from './task-source.ts'

export interface ServerSourceOptions {
  host: Host
  console: Console
  server: ServerArguments
  bootMac: string | undefined
  identify: () => Promise<Facts>
  /** The medium that started this machine, if one did: what it has of an image need not come over the network. */
  medium?: { label: string; besides: (images: ImageSource) => ImageSource; ask: (link: InstallLink) => InstallLink }
}

/** Registers with the server, as long as that takes. Throws AgentError NETWORK for a wrong CA, ServerError for a wrong token. */
export async function openServer(options: ServerSourceOptions): Promise<TaskSource> {
  const { host, console, server: named, bootMac, identify, medium } = options
  const { server, ca } = await connect(host, console, named)
  const bootId = randomUUID()
  let facts = await identify()
  const session = new Session({
    server,
    installToken: named.token,
    describe: async () => {
      facts = await identify()
      return { bootMac: bootMac ?? bootNic(facts.nics).mac, facts, agentVersion, bootId }
    },
    onTrouble: (message, pause) => console.say(`${message}; trying again in ${Math.round(pause / 1000)} s`),
    onRegistered: ({ machineName, serverName }) => console.say(`registered with ${serverName} as ${machineName}`),
  })
  const link: InstallLink = {
    sendPlan: (...sent) => session.sendPlan(...sent),
    sendRecoveryKey: (...sent) => session.sendRecoveryKey(...sent),
    sendEvents: (...sent) => session.sendEvents(...sent),
  }
  console.say(`registering with ${named.url}`)
  await session.register()
  return {
    async next() {
      const task = await waitForTask(session, console, () => ({ facts, url: named.url }))
      if (task.type !== 'install') return task
      const { layerCaches, registry } = task.spec
      const caches = { layerCaches, certificates: registry.certificates }
      const images = serverImages(server, { ca, token: task.pullToken, caches })
      return {
        type: 'install',
        task,
        images: medium?.besides(images) ?? images,
        link: medium?.ask(link) ?? link,
        confirmation: task.diskImage
          ? undefined
          : { url: named.url, token: task.confirmToken, installId: task.installId, ca },
        medium: medium?.label,
      }
    },
    failed: () => console.say('this machine now waits for another assignment; nothing needs to be done here'),
  }
}
