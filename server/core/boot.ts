// The boot decision: what a machine that asks to boot shall do. DHCP, TFTP, iPXE, GRUB and HTTP Boot only phrase the answer.
import type { Architecture } from '../contract/common.ts'
import type { MachineState } from '../contract/machine.ts'
import type { MachineSpec } from '../contract/spec.ts'
import { plausibleIdentity } from './identity.ts'
import type { Identity } from './identity.ts'

/** Who asks, and by which way. */
export interface BootClient extends Identity {
  /** `other` for machines that no installer exists for. */
  architecture: Architecture | 'other'
  firmware: 'bios' | 'uefi'
  via: 'dhcp' | 'ipxe' | 'grub' | 'u-boot' | 'http'
}

/** What of a machine bears on the decision. */
export interface BootMachine {
  id: string
  state: MachineState
  /** 0 before the first assignment. */
  generation: number
  /** Of the install that waits; both absent without one. */
  installer?: MachineSpec['installer'] | undefined
  media?: MachineSpec['media'] | undefined
}

export type BootDecision =
  /** Start the installer: an install waits for this machine. */
  | { kind: 'install'; machineId: string; generation: number }
  /** Start Anaconda from its boot medium, with a kickstart; `media` is absent if the install names none. */
  | { kind: 'kickstart'; machineId: string; generation: number; media?: string | undefined }
  /** Start the installer so that it shows itself and waits; `machineId` is absent for a stranger. */
  | { kind: 'discover'; machineId?: string; generation: number }
  /** Boot from the disk. */
  | { kind: 'local'; machineId: string }
  /** No boot data at all; with `tell` the machine may load something that shows the reason on its screen. */
  | { kind: 'ignore'; reason: string; tell?: true }

/** Architectures whose installer this server has. */
export type Installers = ReadonlySet<Architecture>

/**
 * Decides from the machine's state alone, so asking is free of effects and every way of booting gets the same answer. A machine
 * that is deployed, or about to be, boots its disk until a person wants a new generation: no boot order can make a reinstall loop.
 */
export function decideBoot(machine: BootMachine | undefined, client: BootClient, installers: Installers): BootDecision {
  if (machine && goesLocal(machine.state)) return { kind: 'local', machineId: machine.id }
  if (machine?.state === 'retired') return { kind: 'ignore', reason: 'the machine is retired' }
  if (machine?.installer === 'anaconda' && wantsInstall(machine.state)) {
    return { kind: 'kickstart', machineId: machine.id, generation: machine.generation, media: machine.media }
  }
  if (client.architecture === 'other') {
    return { kind: 'ignore', reason: 'there is no installer for other machines than amd64 and arm64' }
  }
  if (!installers.has(client.architecture)) {
    const reason = `the installer for ${client.architecture} machines is not built on this server (installer.${client.architecture})`
    return { kind: 'ignore', reason, tell: true }
  }
  if (!machine) {
    const { mac, smbios } = plausibleIdentity(client)
    if (!mac && !smbios) return { kind: 'ignore', reason: 'neither MAC nor UUID and serial tell who asks' }
    return { kind: 'discover', generation: 0 }
  }
  const { id: machineId, generation } = machine
  return wantsInstall(machine.state)
    ? { kind: 'install', machineId, generation }
    : { kind: 'discover', machineId, generation }
}

/** `rebooting` too: its disk is complete, and what is missing is only its own word for it. */
function goesLocal(state: MachineState): boolean {
  return state === 'deployed' || state === 'rebooting'
}

/** A machine that comes back while `installing` lost power, and starts over. One that `failed` waits, visible, for a person. */
export function wantsInstall(state: MachineState): boolean {
  return state === 'assigned' || state === 'booting' || state === 'installing'
}
