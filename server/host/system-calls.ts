/** System calls that Node has no door to, by the C library this process has loaded anyway (decision 0023). */
import { createRequire } from 'node:module'
import { Socket } from 'node:net'
import { constants } from 'node:os'
import { TLSSocket } from 'node:tls'
import type { Writable } from 'node:stream'
import type { KoffiFunc } from 'koffi'

interface Library {
  /** The offset is given back changed. */
  sendfile: (out: number, file: number, offset: [number], count: number) => number
  sync_file_range: KoffiFunc<(file: number, offset: number, count: number, flags: number) => number>
  socket: (family: number, type: number, protocol: number) => number
  bind: (socket: number, name: Uint8Array, length: number) => number
  recv: (socket: number, into: Uint8Array, length: number, flags: number) => number
  close: (descriptor: number) => number
  /** Only glibc has it. */
  malloc_trim: ((pad: number) => number) | undefined
  /** Of the call before, as a positive number. */
  errno: () => number
}

/** Where Landfall runs, offsets and sizes are of 64 bits in every call. */
const PROTOTYPES = {
  sendfile: 'int64_t sendfile(int out, int in, _Inout_ int64_t *offset, uint64_t count)',
  sync_file_range: 'int sync_file_range(int file, int64_t offset, int64_t count, unsigned int flags)',
  socket: 'int socket(int family, int type, int protocol)',
  bind: 'int bind(int socket, const void *name, uint32_t length)',
  recv: 'int64_t recv(int socket, void *into, uint64_t length, int flags)',
  close: 'int close(int descriptor)',
}

/** Not at start-up: most commands never need it. `undefined` where there is no way to call the library; everything works without. */
let library: Library | undefined | 'not looked for' = 'not looked for'

function libc(): Library | undefined {
  if (library !== 'not looked for') return library
  try {
    const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi')
    const process = koffi.load(null)
    const calls = Object.entries(PROTOTYPES).map(([name, prototype]) => [name, process.func(prototype)])
    library = {
      ...(Object.fromEntries(calls) as Omit<Library, 'malloc_trim' | 'errno'>),
      malloc_trim: ifFound(() => process.func('int malloc_trim(uint64_t pad)')),
      errno: () => koffi.errno(),
    }
  } catch {
    library = undefined
  }
  return library
}

function ifFound<T>(find: () => T): T | undefined {
  try {
    return find()
  } catch {
    return undefined
  }
}

/** Gives the kernel back what this process has freed, where the C library can: after the start that is some 4 MB. Takes milliseconds. */
export function giveMemoryBack(): void {
  libc()?.malloc_trim?.(0)
}

/**
 * Moves up to `count` bytes of a file, from `offset` on, to the connection of an HTTP response without copying them through this process, and
 * says how many: as many as the connection takes at once. 0 wherever that cannot be done, be it TLS, a connection that is busy or gone, or a file that
 * cannot be read: whoever then goes the ordinary way learns why. The response has a Content-Length, as in chunks nothing would frame these bytes, and
 * its header is sent. May wait for the disk.
 */
export function passOn(file: number, offset: number, count: number, response: Writable): number {
  const out = idleConnection(response)
  return out === undefined ? 0 : Math.max(0, libc()?.sendfile(out, file, [offset], count) ?? 0)
}

/** The descriptor of a plain TCP connection whose own buffers are empty; it is good for this turn of the event loop only. */
function idleConnection(response: Writable & { socket?: unknown }): number | undefined {
  const { socket } = response
  // A response of a pipeline has no socket before those ahead of it have ended.
  if (!(socket instanceof Socket) || socket instanceof TLSSocket || socket.writableLength > 0) return undefined
  // Not documented, but what Node's own cluster module and others have passed on for years.
  const { _handle: handle } = socket as Socket & { _handle?: { fd?: number } | null }
  return handle?.fd !== undefined && handle.fd >= 0 ? handle.fd : undefined
}

/** sync_file_range(2). */
const SYNC_FILE_RANGE_WRITE = 2

/**
 * Has the kernel begin to put `count` bytes of a file, from `offset` on, on disk, and says once it has begun whether it could. It promises nothing, as
 * fsync does, but leaves that less to wait for. The descriptor must stay open meanwhile.
 */
export async function beginWriteOut(file: number, offset: number, count: number): Promise<boolean> {
  const call = libc()?.sync_file_range
  if (!call) return false
  return new Promise((tell) => {
    call.async(file, offset, count, SYNC_FILE_RANGE_WRITE, (error, result) => tell(!error && result === 0))
  })
}

// socket(7), the same numbers on all of Linux's processors that Node runs on.
const AF_INET = 2
const SOCK_DGRAM = 2
const SOCK_NONBLOCK = 0o4000
const SOCK_CLOEXEC = 0o2000000
const MSG_DONTWAIT = 0x40

/**
 * A UDP socket that is bound to an IPv4 address, to be given to Node, which closes it; its descriptor is what `receiveNow` takes. `undefined` where
 * the library cannot be called, or the kernel refuses: Node's own `bind` then says why.
 */
export function openUdp(address: string, port: number): number | undefined {
  const calls = libc()
  const descriptor = calls?.socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0) ?? -1
  if (!calls || descriptor < 0) return undefined
  // ip(7): struct sockaddr_in.
  const name = Buffer.alloc(16)
  name.writeUInt16LE(AF_INET)
  name.writeUInt16BE(port, 2)
  name.set(address.split('.').map(Number), 4)
  if (calls.bind(descriptor, name, name.length) === 0) return descriptor
  calls.close(descriptor)
  return undefined
}

/**
 * Takes the next datagram of a socket without a turn of the event loop: its length, 0 if there is none, a negative error number (-ECONNREFUSED,
 * say) if the kernel has bad news, which nobody else will hear of then. The descriptor must still be open.
 */
export function receiveNow(descriptor: number, into: Uint8Array): number {
  const calls = libc()!
  const length = calls.recv(descriptor, into, into.length, MSG_DONTWAIT)
  if (length >= 0) return length
  const error = calls.errno()
  return error === constants.errno.EAGAIN || error === constants.errno.EINTR ? 0 : -error
}
