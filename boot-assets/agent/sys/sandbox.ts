// Runs programs of an image's tree as if it were the root, in a mount namespace of their own.
import { mkdir } from 'node:fs/promises'
import type { RunOptions, RunResult } from './command.ts'
import type { Host } from './host.ts'

/** What of the machine a program sees besides the image, where it is not the usual. */
export interface SandboxView {
  /** A folder shown as /var; without it an empty one that vanishes. */
  state?: string
  /** Where below /run the target appears instead of /sysroot; /boot is that of the image then. */
  targetAt?: string
}

export interface SandboxOptions extends SandboxView {
  /** The image's tree. It is shown read-only: its files are hardlinks of repository objects. */
  tree: string
  /** The target with everything mounted below it; appears as /sysroot, its boot as /boot. */
  target: string
  /** Shown as /etc. */
  etc: string
  /** An empty folder outside of the target where the tree is put together; made if missing. */
  stage: string
}

/**
 * Arguments: stage, tree, target, etc, state, place of the target, command... All mounts vanish with the namespace. The tree's mount points exist:
 * an image has them to be bootable, and `prepareTree` makes the rest.
 */
const SCRIPT = `set -e
stage=$1 tree=$2 target=$3 etc=$4 state=$5 place=$6
shift 6
mount --bind "$tree" "$stage"
mount -o remount,bind,ro "$stage"
mount --bind "$etc" "$stage/etc"
mount -t proc proc "$stage/proc"
mount --rbind /sys "$stage/sys"
mount --rbind /dev "$stage/dev"
mount -t tmpfs -o mode=0755 tmpfs "$stage/run"
mount -t tmpfs -o mode=1777 tmpfs "$stage/tmp"
if [ -n "$state" ]; then
  mount --rbind "$state" "$stage/var"
else
  mount -t tmpfs -o mode=0755 tmpfs "$stage/var"
  mkdir -p "$stage/var/lib" "$stage/var/log" "$stage/var/roothome"
  mkdir -m 1777 "$stage/var/tmp"
fi
if [ -d /run/udev ]; then mkdir "$stage/run/udev"; mount --bind /run/udev "$stage/run/udev"; fi
if [ -n "$place" ]; then
  mkdir "$stage$place"
  mount --rbind "$target" "$stage$place"
else
  mount --rbind "$target" "$stage/sysroot"
  mount --rbind "$target/boot" "$stage/boot"
fi
cd /
exec chroot "$stage" "$@"
`

/** What the image's programs see of the environment; the agent's own has nothing for them. */
const ENVIRONMENT = ['PATH=/usr/sbin:/usr/bin:/sbin:/bin', 'HOME=/', 'LC_ALL=C.UTF-8', 'TMPDIR=/var/tmp']

/** Runs a program of the image and answers like {@link Host.run}. It ends with the agent: else it would hold the disk against the next one. */
export async function runInTree(
  host: Host,
  { tree, target, etc, stage, state = '', targetAt = '' }: SandboxOptions,
  command: string,
  args: readonly string[],
  options?: RunOptions,
): Promise<RunResult> {
  await mkdir(stage, { recursive: true })
  return host.run(
    'setpriv',
    [
      '--pdeathsig',
      'KILL',
      'unshare',
      '--mount',
      '--propagation',
      'private',
      'sh',
      '-c',
      SCRIPT,
      'sandbox',
      stage,
      tree,
      target,
      etc,
      state,
      targetAt,
      'env',
      '-i',
      ...ENVIRONMENT,
      command,
      ...args,
    ],
    { ...options, shownAs: [command, ...args] },
  )
}

/** Folders that must exist in a tree before it can be a root. */
export const MOUNT_POINTS = ['etc', 'proc', 'sys', 'dev', 'run', 'tmp', 'var', 'sysroot', 'boot']
