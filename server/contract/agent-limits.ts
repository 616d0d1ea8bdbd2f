// What a spec may ask of Anaconda but not yet of Landfall's own agent.
import type { MachineSpec } from './spec.ts'

/** The values that the agent cannot carry out, as dotted paths; none when it can do all of it. */
export function beyondAgent(spec: MachineSpec): string[] {
  const { disks, registry, kickstart } = spec
  const asked: Record<string, boolean> = {
    'disks.automatic': disks.automatic,
    network: spec.network.length > 0,
    'registry.credentials': registry.credentials.length > 0,
    'registry.certificates': registry.certificates.length > 0,
    'registry.insecure': registry.insecure.length > 0,
    'kickstart.pre': kickstart.pre !== undefined,
    'kickstart.post': kickstart.post !== undefined,
  }
  return Object.keys(asked).filter((path) => asked[path])
}
