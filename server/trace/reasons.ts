// What a boot's end means: signs to reason codes, likely causes and next steps, as a table. docs/reference/boot-story.md is made of it.
import type { TraceCode, Verdict } from '../contract/trace.ts'
import { STAGES } from './progress.ts'
import type { Progress, Sign, Stage } from './progress.ts'

export interface Reason {
  code: TraceCode
  level: Verdict['level']
  /** The furthest stage of boots it is about; any when absent. */
  at?: readonly Stage[]
  /** All of these, and none of those. */
  signs?: readonly Sign[]
  without?: readonly Sign[]
  /** How long the client has to be silent before it can be said; absent: at once. */
  afterSeconds?: number
  /** Names in braces are filled in from the boot. */
  message: string
  causes: readonly string[]
  next: readonly string[]
}

/** The first that fits counts: what is certain comes before what is likely. */
export const REASONS: readonly Reason[] = [
  {
    code: 'REGISTERED',
    level: 'good',
    signs: ['registered'],
    message: 'the installer runs and has told what the machine is',
    causes: [],
    next: [],
  },
  {
    code: 'KICKSTART_FETCHED',
    level: 'good',
    signs: ['kickstart'],
    message: 'Anaconda runs and has its kickstart',
    causes: [],
    next: [],
  },
  {
    code: 'BOOTS_LOCAL',
    level: 'good',
    signs: ['told-local'],
    message: 'it was told to boot from its own disk',
    causes: [],
    next: ['to install it: assign an image, then start it from the network again'],
  },
  {
    code: 'AGENT_REFUSED',
    level: 'trouble',
    at: ['installer'],
    signs: ['agent-refused'],
    message: 'the installer runs, but its registration was refused: {reason}',
    causes: ['its install token is of an older boot or has expired', 'another machine uses a copied command line'],
    next: ['start the machine from the network again: it gets a fresh token'],
  },
  {
    code: 'AGENT_NOT_REGISTERED',
    level: 'trouble',
    at: ['installer'],
    afterSeconds: 60,
    message: 'the installer runs and fetched the CA certificate, but never registered',
    causes: [
      'a firewall between machine and server drops the HTTPS port (8443 by default)',
      'the CA certificate is not the one whose fingerprint the boot script named: another server answered, or the data folder was replaced meanwhile',
      'the address in the boot script does not lead to this server from where the machine is',
    ],
    next: [
      'read the console of the machine: the installer says what it waits for',
      'from another machine of that network: curl -k https://SERVER:8443/livez',
    ],
  },
  {
    code: 'INSTALLER_SILENT',
    level: 'trouble',
    at: ['initramfs'],
    without: ['told-anaconda'],
    afterSeconds: 180,
    message: 'kernel and initramfs were fetched, but the installer never said a word',
    causes: [
      'too little RAM to unpack the initramfs',
      'the kernel stopped early: its messages go to a console nobody looks at, or the screen shows a panic',
      'the kernel has no driver for the network card, or the link needs longer than it waits (spanning tree, LACP)',
      'Secure Boot refused the kernel',
    ],
    next: [
      'look at the screen or serial console of the machine',
      'set `consoles` of the machine or its profile (ttyS0, tty0) and start it again',
    ],
  },
  {
    code: 'KICKSTART_NOT_ASKED',
    level: 'trouble',
    at: ['initramfs'],
    signs: ['told-anaconda'],
    afterSeconds: 300,
    message: 'kernel and initramfs of Anaconda were fetched, but never the kickstart',
    causes: [
      'too little RAM (the installers of Fedora and RHEL want 3 GB and more)',
      'Anaconda found no network: no driver, or no DHCP answer for it',
      'the kernel stopped early',
    ],
    next: [
      'look at the screen or serial console of the machine',
      'landfall media verify shows whether the medium is whole',
    ],
  },
  {
    code: 'KERNEL_NOT_STARTED',
    level: 'trouble',
    at: ['loaded', 'scripted', 'kernel-loading', 'kernel', 'initramfs-loading', 'initramfs'],
    signs: ['kernel-refused'],
    message: 'its boot loader could not start the kernel, and said so',
    causes: [
      'Secure Boot: the kernel is not signed for this shim, or shim, GRUB and kernel are of different distributions',
      'the kernel was damaged on the way, or could not be fetched',
    ],
    next: [
      'look at its screen',
      'start it again; if that does not help, `landfall serve --build` builds the boot files anew',
    ],
  },
  {
    code: 'KERNEL_NOT_FOUND',
    level: 'trouble',
    at: ['scripted', 'kernel-loading', 'kernel'],
    signs: ['kernel-not-found'],
    message: '{file} was asked for and is not here',
    causes: ['the installer was not built on this server', 'the boot medium was removed meanwhile'],
    next: ['start the server with `landfall serve --build`', 'landfall media list shows the boot media'],
  },
  {
    code: 'KERNEL_BROKEN_OFF',
    level: 'trouble',
    at: ['scripted', 'kernel-loading', 'kernel', 'initramfs-loading'],
    signs: ['broken-off'],
    afterSeconds: 20,
    message: '{file} was fetched in part only, then the client broke off',
    causes: [
      'too little memory below 4 GB for kernel and initramfs',
      'the link is lossy or went down',
      'it was switched off',
    ],
    next: ['look at its screen', 'give it more RAM, or start it again'],
  },
  {
    code: 'INITRAMFS_NOT_ASKED',
    level: 'trouble',
    at: ['kernel-loading', 'kernel', 'initramfs-loading'],
    afterSeconds: 60,
    message: 'the kernel was fetched, but not all of the initramfs',
    causes: ['too little memory', 'Secure Boot refused the kernel', 'the machine was switched off'],
    next: ['look at its screen', 'switch Secure Boot off in its firmware for a try'],
  },
  {
    code: 'SCRIPT_TROUBLE',
    level: 'trouble',
    at: ['scripted'],
    signs: ['script-trouble'],
    message: 'it fetched its boot script while this server could not decide; the script makes it ask again',
    causes: ["the server's disk is full, or its database cannot be read"],
    next: ['landfall status', "the server's log has the details"],
  },
  {
    code: 'KERNEL_NOT_ASKED',
    level: 'trouble',
    at: ['scripted'],
    afterSeconds: 45,
    message: 'it fetched its boot script, but never the kernel that the script names',
    causes: [
      'the loader could not read on: its network driver stopped working after the script',
      'the script names an address or port that the machine does not reach',
      'somebody stopped it at its screen',
    ],
    next: [
      'look at its screen: the script says every step',
      'try the other loader: ipxe.efi brings network drivers of its own',
    ],
  },
  {
    code: 'BOOT_LOOP',
    level: 'trouble',
    signs: ['loop'],
    message: '{file} was fetched {loaders} times in ten minutes, and the client never came back for the script',
    causes: [
      'the loader starts and finds no network: the firmware driver (snponly, undionly) does not work on this card',
      'Secure Boot refuses the loader, and the firmware starts over',
      'the second request gets its answer from another DHCP server',
    ],
    next: [
      'look at its screen',
      'switch Secure Boot off in its firmware for a try',
      'landfall doctor netboot looks for other DHCP servers',
    ],
  },
  {
    code: 'SCRIPT_NOT_REACHED',
    level: 'trouble',
    at: ['offered', 'promised', 'loading', 'loaded'],
    signs: ['script-promised'],
    afterSeconds: 20,
    message: 'iPXE was told its script ({file}), but never asked for it',
    causes: [
      'a firewall drops the plain HTTP port (8080 by default)',
      'the machine is in another network than the address in that URL, without a gateway',
      'another DHCP server told iPXE something else to boot',
    ],
    next: [
      'look at its screen: iPXE names the URL and the error',
      'from another machine of that network: curl http://SERVER:8080/livez',
      'landfall doctor netboot looks at the firewall of this host',
    ],
  },
  {
    code: 'SCRIPT_NOT_ASKED',
    level: 'trouble',
    at: ['loaded'],
    afterSeconds: 30,
    message: '{file} was fetched, but the client never came back for the script',
    causes: [
      'Secure Boot refused the loader: the firmware says "Security Violation" or goes on to its next entry without a word',
      'the loader runs, but its driver does not work on this network card',
      'the loader waits for a link: the switch port blocks after the driver was loaded (spanning tree, LACP)',
    ],
    next: [
      'look at its screen',
      'switch Secure Boot off in its firmware for a try',
      'make the switch port an edge port, and use LACP only with fallback',
    ],
  },
  {
    code: 'LOADER_NOT_FOUND',
    level: 'trouble',
    at: ['offered', 'promised', 'loading'],
    signs: ['not-found'],
    message: '{file} was asked for and is not here',
    causes: [
      'the loaders were not built on this server',
      'another DHCP server told the machine a file name of its own, and this address',
    ],
    next: ['start the server with `landfall serve --build`', 'compare the name with what this story says was offered'],
  },
  {
    code: 'TFTP_TIMED_OUT',
    level: 'trouble',
    at: ['offered', 'promised', 'loading'],
    signs: ['tftp-timed-out'],
    message: '{file} was asked for by TFTP, but what was sent was not acknowledged',
    causes: [
      'a firewall lets port 69 pass, but not the transfer: TFTP goes on from a random port of the server to a random port of the client',
      'packets of this size do not pass (jumbo frames, tunnels, a firewall that drops fragments)',
      'the machine was switched off',
    ],
    next: [
      'allow UDP between server and machines in both directions, or load the TFTP helper of the firewall',
      'landfall doctor netboot looks at the firewall of this host',
    ],
  },
  {
    code: 'TFTP_REFUSED',
    level: 'trouble',
    at: ['offered', 'promised', 'loading'],
    signs: ['tftp-refused'],
    message: 'the TFTP request for {file} was refused: {reason}',
    causes: [
      'too many transfers at once',
      'the client wants to write, or asks in a mode that is not served',
      'the file cannot be read',
    ],
    next: ["the server's log has the details"],
  },
  {
    code: 'LOADER_BROKEN_OFF',
    level: 'trouble',
    at: ['loading'],
    signs: ['broken-off'],
    afterSeconds: 15,
    message: '{file} was fetched in part only: the client broke off',
    causes: ['the firmware has too little memory for the file', 'the link went down', 'it was switched off'],
    next: ['look at its screen for the error of the firmware'],
  },
  {
    code: 'LOADER_NOT_ASKED',
    level: 'trouble',
    at: ['promised', 'loading'],
    afterSeconds: 20,
    message: 'it was told to fetch {file} and never did so in full',
    causes: [
      'a firewall drops TFTP (UDP 69) or plain HTTP (8080)',
      'it asked another TFTP server: a second DHCP server named another one, and firmware prefers that',
      'UEFI HTTP Boot refuses http: URLs in this firmware: choose PXE in its boot menu',
    ],
    next: [
      'landfall doctor netboot looks at the firewall of this host, and for other DHCP servers',
      'look at its screen: firmware shows the server and the file it tries',
    ],
  },
  {
    code: 'PLAIN_CLIENT',
    level: 'waiting',
    at: ['asked', 'offered', 'promised'],
    signs: ['plain'],
    without: ['netboot'],
    message: 'only an operating system asked for an address: the firmware did not try to boot from the network',
    causes: [
      'its boot order starts with the disk',
      'PXE is switched off in its firmware',
      'it is no machine to be installed',
    ],
    next: ['choose network boot in its firmware or its boot menu (often F12)'],
  },
  {
    code: 'RELAY_DROPS_OPTION_82',
    level: 'trouble',
    at: ['asked', 'offered'],
    signs: ['option-82-lost'],
    afterSeconds: 10,
    message: 'the relay {relay} adds option 82 to some of its messages and leaves it out of others',
    causes: ['two relays, or two paths to one, are configured differently', 'a switch in between removes option 82'],
    next: [
      'configure all relays alike: either all add option 82 or none does',
      'let switches in between trust the port the relay is at',
    ],
  },
  {
    code: 'REFUSED',
    level: 'trouble',
    signs: ['refused'],
    at: ['asked', 'offered', 'promised'],
    message: 'it gets nothing to boot: {reason}',
    causes: ['there is no loader or installer for this kind of machine', 'the machine is retired'],
    next: [
      'compare with the table of architectures in docs/reference/dhcp-and-tftp.md',
      'landfall machine show tells its state',
    ],
  },
  {
    code: 'UNKNOWN_SUBNET',
    level: 'trouble',
    at: ['asked'],
    signs: ['unknown-subnet'],
    message: 'it asks from a network for which this server has no addresses',
    causes: [
      'its messages come through a relay, from a subnet that dhcp.subnet (for IPv6: dhcp6.subnet) does not name',
    ],
    next: ['serve that subnet with a server of its own, or let the relay send elsewhere'],
  },
  {
    code: 'UNKNOWN_LINK',
    level: 'trouble',
    at: ['asked'],
    signs: ['unknown-link'],
    message: 'it may sit on another link of this host, so it was not answered',
    causes: ['this host has several links, and one socket hears them all'],
    next: [
      'have systemd open one socket per link: see "Several links" in docs/reference/dhcp-and-tftp.md',
      'or register the machine first: landfall machine create --mac MAC',
    ],
  },
  {
    code: 'POOL_EXHAUSTED',
    level: 'trouble',
    at: ['asked'],
    signs: ['pool-exhausted'],
    message: 'no address of {subnet} is left for it',
    causes: ['more machines than addresses', 'leases are long, and machines come and go'],
    next: ['enlarge dhcp.subnet.pool, or shorten dhcp.subnet.leaseSeconds; for IPv6 those of dhcp6.subnet'],
  },
  {
    code: 'SERVER_FAILED',
    level: 'trouble',
    at: ['asked', 'offered'],
    signs: ['failed'],
    message: 'the answer could not be made',
    causes: ["the server's disk is full, or its database cannot be written"],
    next: ['landfall status', "the server's log has the details"],
  },
  {
    code: 'OTHER_SERVER_WON',
    level: 'trouble',
    at: ['asked', 'offered'],
    signs: ['other-server'],
    without: ['proxy-offer'],
    afterSeconds: 10,
    message: 'it took the address of another DHCP server, {server}',
    causes: ['two DHCP servers answer on this network, and the other one was quicker or is preferred'],
    next: [
      'switch the other server off on this network, or set dhcp.mode to proxy beside it',
      'for IPv6 there is no proxy: set dhcp6.mode to stateless, and dhcp6.preference decides between two servers',
    ],
  },
  {
    code: 'ADDRESS_REFUSED',
    level: 'trouble',
    at: ['asked', 'offered'],
    signs: ['nak'],
    afterSeconds: 30,
    message: 'it asked for an address it may not have ({reason}), and did not ask for another',
    causes: ['it insists on an address of another network', 'another server gave it that address'],
    next: ['switch it off and on again', 'GET /api/v1/leases shows who holds the address'],
  },
  {
    code: 'RELAYED_OFFER_LOST',
    level: 'trouble',
    at: ['offered'],
    signs: ['relayed'],
    without: ['proxy-offer'],
    afterSeconds: 20,
    message: 'offers went to the relay {relay}, and the client never took one',
    causes: [
      'the way back is closed: no route from this host to the relay, or a firewall drops UDP 67 (IPv6: 547) to it',
      'the relay drops answers: its option 82 was changed on the way, or it trusts other servers only',
      'another DHCP server answered first',
    ],
    next: ['from this host: ping {relay}', 'look at the counters of the relay (dropped replies)'],
  },
  {
    code: 'PROXY_OFFER_UNUSED',
    level: 'trouble',
    at: ['offered'],
    signs: ['proxy-offer'],
    afterSeconds: 30,
    message: '{file} was offered beside the other DHCP server, and the client made no use of it',
    causes: [
      'no other DHCP server gave it an address: a proxy gives none',
      'the other DHCP server offers boot data of its own (options 43, 60, 66, 67): those win',
      'this firmware never merges a proxy offer with another (some UEFI firmware): only dhcp.mode server helps',
      'a firewall drops UDP 4011',
    ],
    next: [
      'see that the other server is there, and remove options 43, 60, 66 and 67 from it',
      'landfall doctor netboot looks at the firewall of this host',
    ],
  },
  {
    code: 'OFFER_NOT_REQUESTED',
    level: 'trouble',
    at: ['offered'],
    afterSeconds: 15,
    message: 'it was offered {file} and never asked for it',
    causes: [
      'another DHCP server won: its offer was quicker, or firmware liked its options 60 and 43 better',
      'the offer did not arrive: the switch port still blocked (spanning tree takes 30 s, LACP without fallback for ever)',
      'a firewall on this host drops what goes out to port 68 (IPv6: 546)',
    ],
    next: [
      'landfall doctor netboot looks for other DHCP servers and at the firewall of this host',
      'make the switch port an edge port, and use LACP only with fallback',
      'compare the capture (landfall machine trace NAME --pcap FILE) with one made beside the machine',
    ],
  },
  {
    code: 'MALFORMED',
    level: 'trouble',
    at: ['silent'],
    signs: ['malformed'],
    message: 'what it sends is no DHCP',
    causes: ['another program uses the DHCP ports', 'packets are damaged on the way'],
    next: ['look at the capture'],
  },
  {
    code: 'NOTHING_OFFERED',
    level: 'trouble',
    at: ['asked'],
    afterSeconds: 10,
    message: 'it asked, and was not answered',
    causes: ['what it sent needs no answer, or was meant for another server: the steps say which'],
    next: ['read the steps: each has its reason'],
  },
]

const WAITING: Omit<Reason, 'message'> = { code: 'IN_PROGRESS', level: 'waiting', causes: [], next: [] }

/** What is awaited after each stage, for a client that was heard a moment ago. */
const AWAITED: Readonly<Record<Stage, string>> = {
  silent: 'its first message',
  asked: 'an offer for it',
  offered: 'its request for {file}',
  promised: 'its request for {file}',
  loading: 'the rest of {file}',
  loaded: 'its request for the boot script',
  scripted: 'its request for the kernel',
  'kernel-loading': 'the rest of the kernel',
  kernel: 'its request for the initramfs',
  'initramfs-loading': 'the rest of the initramfs',
  initramfs: 'the first word of the installer',
  installer: 'its registration',
  ended: 'nothing more',
}

/** The first reason that fits; while a client may still come back, that is awaited. `now` is milliseconds since the epoch. */
export function verdictOf(progress: Progress, now: number): Verdict {
  const quietSeconds = (now - progress.lastAt) / 1000
  const reason = REASONS.find((one) => fits(one, progress))
  if (!reason || quietSeconds < (reason.afterSeconds ?? 0)) {
    const message = `it was heard a moment ago; awaited: ${AWAITED[progress.stage]}`
    return filled({ ...WAITING, message }, progress)
  }
  return filled(reason, progress)
}

function fits({ at = STAGES, signs = [], without = [] }: Reason, progress: Progress): boolean {
  return (
    at.includes(progress.stage) &&
    signs.every((sign) => progress.signs.has(sign)) &&
    !without.some((sign) => progress.signs.has(sign))
  )
}

function filled({ code, level, message, causes, next }: Reason, { names }: Progress): Verdict {
  const fill = (text: string) => text.replaceAll(/\{(\w+)\}/g, (_, name: string) => names[name] ?? 'unknown')
  return { code, level, message: fill(message), causes: causes.map(fill), next: next.map(fill) }
}
