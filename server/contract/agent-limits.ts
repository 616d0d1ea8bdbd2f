// What a spec may ask of Anaconda but not yet of Landfall's own agent.
import type { MachineSpec } from './spec.ts'

/** The values that the agent cannot carry out, as dotted paths; none when it can do all of it. */
export function beyondAgent(spec: MachineSpec): string[] {
  const { disks, kickstart } = spec
  const asked: Record<string, boolean> = {
    'disks.scheme': disks.scheme !== 'plain',
    'disks.automatic': disks.automatic,
    'disks.mirror': disks.mirror !== undefined,
    'disks.rootSize': disks.rootSize !== undefined,
    'disks.volumes': disks.volumes.length > 0,
    'disks.encryption': disks.encryption !== undefined,
    'kickstart.pre': kickstart.pre !== undefined,
    'kickstart.post': kickstart.post !== undefined,
  }
  return Object.keys(asked).filter((path) => asked[path])
}
