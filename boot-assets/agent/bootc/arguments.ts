// The command line of `bootc install to-filesystem`, in the words that the image's own bootc knows (ostree-container-deploy 3.2).
import { AgentError } from '../errors.ts'

export interface BootcWish {
  /** What is installed, pinned by its digest: `docker://192.0.2.1:8443/os/web@sha256:...`. */
  source: string
  /** What the system will follow, without a transport. */
  target: string
  /** Besides those of the image, in this order. */
  kernelArguments: readonly string[]
  /** The layout without an OSTree repository. */
  composefs: boolean
  /** Where the target is mounted. */
  root: string
}

/** Without these an install could not be told what it is to be. */
const NEEDED = ['--source-imgref', '--target-imgref', '--karg']

/** `help` is what `bootc install to-filesystem --help` prints. Throws AgentError IMAGE_UNSUPPORTED for a bootc that cannot do what is wanted. */
export function bootcArguments(
  help: string,
  { source, target, kernelArguments, composefs, root }: BootcWish,
): string[] {
  const known = new Set(help.match(/--[a-z][a-z-]+/g))
  const missing = [...NEEDED, ...(composefs ? ['--composefs-backend'] : [])].filter((flag) => !known.has(flag))
  if (missing.length > 0) {
    throw new AgentError('IMAGE_UNSUPPORTED', `the image's bootc does not know ${missing.join(', ')}`, {
      hint: composefs
        ? 'build the image with a newer bootc'
        : 'build the image with a newer bootc, or set engine to ostree',
    })
  }
  const where = (flag: string, ...values: string[]) => (known.has(flag) ? [flag, ...values] : [])
  return [
    'install',
    'to-filesystem',
    '--source-imgref',
    source,
    '--target-imgref',
    target,
    // The digest is known to be there; older versions would ask the target's registry besides.
    ...where('--skip-fetch-check'),
    ...where('--stateroot', 'default'),
    // The configuration is still to be written.
    ...where('--skip-finalize'),
    ...(composefs ? ['--composefs-backend'] : []),
    ...kernelArguments.flatMap((argument) => ['--karg', argument]),
    root,
  ]
}

/** Whether a line of its output says that all but the boot loader is in place. */
export function beginsBootloader(line: string): boolean {
  return /\b(bootupctl|bootupd|bootctl|boot ?loader)\b/i.test(line)
}
