// What a spec may ask of Landfall's own agent but not of Anaconda.
import type { MachineSpec } from './spec.ts'

/** The values that no kickstart can carry out, as dotted paths; none when Anaconda can do all of it. */
export function beyondAnaconda(spec: MachineSpec): string[] {
  const asked: Record<string, boolean> = {
    files: spec.files.length > 0,
    'users.sudo': spec.users.some(({ sudo }) => sudo !== undefined),
    cloudInit: spec.cloudInit !== undefined,
    ignition: spec.ignition !== undefined,
    systemdCredentials: spec.systemdCredentials.length > 0,
    'hooks.script': spec.hooks.script !== undefined,
  }
  return Object.keys(asked).filter((path) => asked[path])
}
