// A small QMP client: QEMU's control channel, one JSON object per line (qemu.org, "QEMU Machine Protocol").

import { EventEmitter } from 'node:events'
import { createInterface } from 'node:readline'
import type { Duplex } from 'node:stream'
import { LabError } from './errors.ts'

interface Reply {
  id?: number
  return?: unknown
  error?: { class: string; desc: string }
  event?: string
  data?: unknown
}

interface Pending {
  command: string
  resolve(value: unknown): void
  reject(error: LabError): void
}

/** One QMP session over a connected stream. Create it by `openQmp`. */
export class Qmp {
  /** Emits each QMP event by its name, with its data. */
  readonly events = new EventEmitter()
  #stream: Duplex
  #pending = new Map<number, Pending>()
  #nextId = 1
  #closed = false

  constructor(stream: Duplex) {
    this.#stream = stream
    // A killed QEMU resets the channel: readline passes that on as an error of its own. What counts is the close.
    createInterface({ input: stream })
      .on('line', (line) => this.#receive(JSON.parse(line) as Reply))
      .on('error', () => {})
    stream.on('error', () => {})
    stream.on('close', () => this.#close())
  }

  /** Resolves with what the command returned; throws QMP_FAILED with QEMU's own words, or when the channel closes. */
  execute(command: string, args: Record<string, unknown> = {}): Promise<unknown> {
    const id = this.#nextId++
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { command, resolve, reject })
      if (this.#closed) return this.#close()
      this.#stream.write(`${JSON.stringify({ execute: command, arguments: args, id })}\n`)
    })
  }

  #receive(reply: Reply): void {
    if (reply.event !== undefined) this.events.emit(reply.event, reply.data)
    const pending = this.#pending.get(reply.id ?? 0)
    if (!pending) return
    this.#pending.delete(reply.id ?? 0)
    if (!reply.error) return pending.resolve(reply.return)
    pending.reject(new LabError('QMP_FAILED', `QMP ${pending.command}: ${reply.error.class}: ${reply.error.desc}`))
  }

  #close(): void {
    this.#closed = true
    for (const { command, reject } of this.#pending.values()) {
      reject(new LabError('QMP_FAILED', `QMP ${command}: the machine is gone`))
    }
    this.#pending.clear()
  }
}

/** Takes the session out of its negotiation mode, after which commands are accepted. */
export async function openQmp(stream: Duplex): Promise<Qmp> {
  const qmp = new Qmp(stream)
  await qmp.execute('qmp_capabilities')
  return qmp
}
