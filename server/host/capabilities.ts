// What of root's power a process has, as Linux divides it (capabilities(7)).

export const CAPABILITIES = { CAP_SETGID: 6, CAP_SETUID: 7, CAP_SETPCAP: 8, CAP_NET_BIND_SERVICE: 10 } as const
export type Capability = keyof typeof CAPABILITIES

/** Whether a process may use the capability now; `status` is its `/proc/PID/status`. */
export function holds(status: string, capability: Capability): boolean {
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0'
  return (BigInt(`0x${effective}`) & (1n << BigInt(CAPABILITIES[capability]))) !== 0n
}
