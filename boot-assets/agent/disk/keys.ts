// Keys of encrypted disks that people do not choose.
import { randomBytes } from 'node:crypto'

/** Letters that are at the same place on every keyboard layout (Yubico's modhex): the key is typed at a boot prompt. */
const LETTERS = 'cbdefghijklnrtuv'

/** 256 random bits as eight groups of eight letters, as systemd-cryptenroll(1) makes recovery keys. */
export function newRecoveryKey(): string {
  const letters = [...randomBytes(32)].map((byte) => LETTERS[byte >> 4]! + LETTERS[byte & 15]!).join('')
  return letters.replace(/(.{8})(?=.)/g, '$1-')
}
