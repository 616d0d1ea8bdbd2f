// What each reason of a failed install means and what to do about it; the reference page prints this.
import type { ReasonCode } from './install.ts'
import { TrustCode, trustHint } from './trust.ts'

export interface ReasonMeaning {
  means: string
  /** What to do; the install itself may tell more. */
  next: string
}

const TRUST: Readonly<Record<TrustCode, string>> = {
  IMAGE_REJECTED: 'the policy rejects every image of this repository',
  DIGEST_NOT_PINNED: 'the policy lists digests, and this one is not among them',
  IMAGE_UNSIGNED: 'the policy wants a signature, and there is none',
  GPG_UNAVAILABLE: 'the policy wants a GPG signature, and the server has no gpg that works',
  SIGNATURE_INVALID: 'no signature fits a key of the policy',
  SIGNER_UNTRUSTED: 'it is signed, by somebody the policy does not name',
  SIGNING_KEY_EXPIRED: 'the key of the policy that signed it has expired',
  SIGNING_KEY_REVOKED: 'the key of the policy that signed it was revoked',
  SIGNATURE_OTHER_DIGEST: 'the signature is of another image',
  SIGNATURE_OTHER_REPOSITORY: 'the signature is for another repository',
  SIGNATURE_EXPIRED: 'the signature is older than the policy allows',
}

const OTHERS: Readonly<Record<Exclude<ReasonCode, TrustCode>, ReasonMeaning>> = {
  DISK_NONE_MATCHES: {
    means: 'no disk of the machine fits the selector',
    next: '`landfall machine show` lists its disks: change the selector',
  },
  DISK_SEVERAL_MATCH: {
    means: 'more disks than wanted fit the selector',
    next: 'name the disk, for example by `--disk-serial`',
  },
  DISK_TOO_SMALL: {
    means: 'what shall be on the disk has no room there',
    next: 'choose a larger disk or smaller volumes',
  },
  DISK_LAYOUT: {
    means: 'the layout of the disks cannot be made, or what should be kept is not there',
    next: 'compare `landfall machine plan` with what the machine has',
  },
  DISK_LOCKED: {
    means: 'what shall be kept is encrypted, and no key at hand opens it',
    next: 'set `disks.encryption.passphrase` to one that opens it; what has to open it from then on can be changed in the installed system',
  },
  DISK_ERASE: {
    means: 'a disk cannot be erased by any method that the spec names, or did not end it',
    next: 'the message says why; name another method in `disks.erase`, or exchange the disk',
  },
  DISK_IO: { means: 'reading or writing a disk failed', next: 'look at the disk, its cable and the kernel’s log' },
  DIGEST_MISMATCH: {
    means: 'bytes that arrived are not those of their digest',
    next: 'check the stored image: `landfall image fsck`',
  },
  DIFFID_MISMATCH: {
    means: 'a layer unpacks to something else than its image says',
    next: 'build or push the image again',
  },
  SIZE_MISMATCH: {
    means: 'a layer is longer or shorter than its image says',
    next: 'check the stored image: `landfall image fsck`',
  },
  IMAGE_NOT_FOUND: { means: 'the image is not in the store any more', next: 'pull or push it again' },
  IMAGE_INVALID: {
    means: 'manifest or configuration of the image cannot be read',
    next: 'build or push the image again',
  },
  IMAGE_NOT_BOOTABLE: {
    means: 'it has no kernel where bootable container images have it',
    next: 'build it on a bootc base image',
  },
  IMAGE_UNSUPPORTED: {
    means: 'it needs what Landfall does not do',
    next: 'the message names it; try another `engine`',
  },
  TOO_MANY_LAYERS: { means: 'it has more layers than any sound image', next: 'build it with fewer layers' },
  TOO_MANY_FILES: {
    means: 'a layer has more files and folders than an installer can hold in memory',
    next: 'build the image so that they come in several layers',
  },
  LAYER_BOMB: { means: 'a layer unpacks to far more than it could hold', next: 'find out where the image comes from' },
  LAYER_INVALID: { means: 'a layer is no archive that can be unpacked', next: 'build or push the image again' },
  PATH_INVALID: {
    means: 'a layer has a path that leads out of the file system',
    next: 'find out where the image comes from',
  },
  ARCHITECTURE_MISMATCH: {
    means: 'the image is for another architecture than the machine',
    next: 'assign one that has the machine’s',
  },
  MEDIUM_UNREADABLE: { means: 'the stick or CD cannot be read', next: 'write it again, onto another stick' },
  NETWORK: {
    means: 'the server could not be reached, again and again',
    next: 'look at link, switch and server, then reinstall',
  },
  NO_SPACE: { means: 'the disk is full', next: 'choose a larger disk or larger volumes' },
  DEPLOY_FAILED: {
    means: 'the image’s own tools refused to deploy it',
    next: '`landfall install logs` has their words',
  },
  BOOTLOADER_FAILED: { means: 'the boot loader could not be installed', next: '`landfall install logs` has its words' },
  CONFIGURE_FAILED: {
    means: 'accounts, files, network or another part of the spec could not be set',
    next: 'the message names the part: change it, or the image',
  },
  WRONG_DIGEST_BOOTED: {
    means: 'the machine came up with another image than was installed',
    next: 'look at its boot order, and at what upgraded it',
  },
  KICKSTART_INVALID: { means: 'Anaconda refused the kickstart', next: 'look at it: `landfall render kickstart`' },
  INSTALLER_FAILED: { means: 'Anaconda ended with an error', next: '`landfall install logs` has its log' },
  INTERRUPTED: {
    means: 'the machine started anew in the middle of the install',
    next: 'was it switched off? then reinstall',
  },
  CANCELLED: { means: 'somebody cancelled it', next: 'reinstall when it is wanted' },
  TIMEOUT: {
    means: 'nothing was heard of the machine for too long',
    next: 'look at its console; `landfall machine trace` tells what it did last',
  },
  INTERNAL: { means: 'a bug of Landfall', next: 'please report it with the log of the install' },
}

export function reasonMeaning(code: ReasonCode): ReasonMeaning {
  const trust = TrustCode.safeParse(code)
  if (trust.success) return { means: TRUST[trust.data], next: trustHint(trust.data) }
  return OTHERS[code as Exclude<ReasonCode, TrustCode>]
}
