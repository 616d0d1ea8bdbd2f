/** Boot data beside another DHCP server: proxyDHCP on port 67, and the boot server on port 4011 (PXE 2.1 section 2.2). */
import { bootData, type BootFileFor } from './boot-options.ts'
import { createBootLoopWatch, type BootLoopWatch } from './boot-loop.ts'
import type { Client } from './client.ts'
import type { DhcpEvent } from './events.ts'
import { LIMITED_BROADCAST } from './ipv4.ts'
import { MESSAGE, OPTION, messageType, readAddress } from './options.ts'
import { guarded, ignored, isNews, refused, watchLoop } from './outcomes.ts'
import { encodePacket } from './packet.ts'
import {
  BOOT_SERVER_PORT,
  CLIENT_PORT,
  buildReply,
  isRelayed,
  replyLimit,
  sendReply,
  type Received,
  type Responder,
} from './reply.ts'

export interface ProxyOptions {
  bootFileFor: BootFileFor
  /** Own addresses of all interfaces, to tell the DHCP server's REQUESTs from ours. */
  ownAddresses: () => ReadonlySet<string>
  bootLoopWatch?: BootLoopWatch
}

/**
 * Answers on port 67 beside a foreign DHCP server: DISCOVERs of clients that netboot, with boot data and never an address. At
 * once, as iPXE stops waiting for proxies two seconds after its first DISCOVER.
 */
export function createProxy({ bootFileFor, ownAddresses, bootLoopWatch }: ProxyOptions): Responder {
  const loops = bootLoopWatch ?? createBootLoopWatch()
  const foreign = new Map<string, number>()

  const seenServer = (client: Client, { packet, now }: Received): DhcpEvent[] => {
    const server = readAddress(packet.options, OPTION.serverIdentifier)
    if (server === undefined || ownAddresses().has(server) || !isNews(foreign, server, now)) return []
    return [{ type: 'foreign-server', server, client }]
  }

  return guarded((received, client) => {
    const { packet, link, now } = received
    const type = messageType(packet.options)
    if (type === MESSAGE.request) return { replies: [], events: seenServer(client, received) }
    if (type !== MESSAGE.discover) return ignored('unsupported-message', type, client)
    if (!client.netboot) return ignored('not-netbooting', type, client)
    const result = bootData('proxy', { client, serverAddress: link.address }, packet.options, bootFileFor)
    if ('refused' in result) return refused(client, result.refused)
    if (!('boot' in result)) return ignored('nothing-to-boot', type, client)
    const { parts, summary } = result.boot
    const reply = sendReply(received, {
      ...parts,
      type: MESSAGE.offer,
      serverIdentifier: link.address,
      broadcast: true,
    })
    const to = isRelayed(packet) ? reply.to : { address: LIMITED_BROADCAST, port: CLIENT_PORT }
    // UEFI fetches nothing before it has asked port 4011, where it is counted.
    const final = client.kind !== 'pxe' || client.architecture?.platform === 'x86-bios'
    return {
      replies: [{ ...reply, to }],
      events: [
        { type: 'proxy-offer', client, boot: summary },
        ...(final && summary.kind === 'loader' ? watchLoop(loops, client, packet, now) : []),
      ],
    }
  })
}

/** Answers on port 4011, as proxy and as main server: firmware that saw a boot server without boot file asks there. */
export function createBootServer({ bootFileFor, bootLoopWatch }: Omit<ProxyOptions, 'ownAddresses'>): Responder {
  const loops = bootLoopWatch ?? createBootLoopWatch()
  return guarded((received, client) => {
    const { packet, from, link, now } = received
    const type = messageType(packet.options)
    if (type !== MESSAGE.request && type !== MESSAGE.inform) return ignored('unsupported-message', type, client)
    if (client.kind !== 'pxe' && client.kind !== 'ipxe' && client.kind !== 'raspberry-pi') {
      return ignored('not-netbooting', type, client)
    }
    const question = { client, serverAddress: link.address, clientAddress: packet.ciaddr }
    const result = bootData('boot-server', question, packet.options, bootFileFor)
    if ('refused' in result) return refused(client, result.refused)
    if (!('boot' in result)) return ignored('nothing-to-boot', type, client)
    const { parts, summary } = result.boot
    const reply = buildReply(packet, {
      ...parts,
      type: MESSAGE.ack,
      serverIdentifier: link.address,
      ciaddr: packet.ciaddr,
    })
    return {
      // edk2 listens on 4011, iPXE on 68: the sender's own port is right for both.
      replies: [{ bytes: encodePacket(reply, { limit: replyLimit(packet) }), to: from, fromPort: BOOT_SERVER_PORT }],
      events: [
        { type: 'boot-server-ack', client, boot: summary },
        ...(summary.kind === 'loader' ? watchLoop(loops, client, packet, now) : []),
      ],
    }
  })
}
