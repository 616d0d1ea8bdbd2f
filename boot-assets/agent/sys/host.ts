// The machine the agent runs on: programs and the kernel's files. Tests put a fake in its place.
import { open, readFile, readdir, realpath } from 'node:fs/promises'
import { runCommand } from './command.ts'
import type { RunOptions, RunResult } from './command.ts'

/** Files of /sys and /proc are small; more than this is not what we asked for. */
const READ_LIMIT = 2 ** 20

export interface Host {
  /** Runs a program; see {@link runCommand}. */
  run(command: string, args?: readonly string[], options?: RunOptions): Promise<RunResult>
  /** Text of a kernel file without surrounding blanks; undefined when absent, unreadable or empty. */
  read(path: string): Promise<string | undefined>
  /** Like {@link read}, for binary files such as EFI variables. */
  readBytes(path: string): Promise<Uint8Array | undefined>
  /** Names in a folder, sorted; empty when there is no such folder. */
  list(path: string): Promise<string[]>
  /** Where a path leads after all links; undefined when it leads nowhere. */
  resolve(path: string): Promise<string | undefined>
  /** Overwrites a part of a device or file with zeros and syncs it. */
  zero(path: string, offset: number, length: number): Promise<void>
}

export const realHost: Host = {
  run: runCommand,
  async read(path) {
    const bytes = await readBytes(path)
    const text = bytes === undefined ? '' : Buffer.from(bytes).toString('utf8').replace(/\0/g, '').trim()
    return text === '' ? undefined : text
  },
  readBytes,
  async list(path) {
    return (await readdir(path).catch(() => [])).sort()
  },
  resolve: (path) => realpath(path).catch(() => undefined),
  async zero(path, offset, length) {
    const file = await open(path, 'r+')
    try {
      const block = Buffer.alloc(Math.min(length, 2 ** 20))
      for (let done = 0; done < length;) {
        const { bytesWritten } = await file.write(block, 0, Math.min(block.length, length - done), offset + done)
        done += bytesWritten
      }
      await file.sync()
    } finally {
      await file.close()
    }
  },
}

async function readBytes(path: string): Promise<Uint8Array | undefined> {
  try {
    return (await readFile(path)).subarray(0, READ_LIMIT)
  } catch {
    // Drivers answer reads of absent values with EINVAL, EIO or ENODEV: all mean "not known".
    return undefined
  }
}
