// Processors and memory from /proc/cpuinfo and /proc/meminfo.
import type { Facts } from '../../../server/contract/facts.ts'

/** Counts sockets, cores and threads. Where the kernel does not tell topology (arm64), every thread is a core of one socket. */
export function parseCpuinfo(text: string): Facts['cpu'] {
  const processors = text
    .split(/\n\s*\n/)
    .map((block) => new Map(block.split('\n').flatMap((line) => keyValue(line))))
    .filter((fields) => fields.has('processor'))
  const threads = Math.max(1, processors.length)
  const sockets = new Set(processors.flatMap((fields) => fields.get('physical id') ?? []))
  const cores = new Set(
    processors.flatMap((fields) => {
      const core = fields.get('core id')
      return core === undefined ? [] : [`${fields.get('physical id') ?? '0'}/${core}`]
    }),
  )
  const model = processors[0]?.get('model name') ?? processors[0]?.get('CPU part')
  return {
    model: model === undefined ? 'unknown' : model.replace(/\s+/g, ' '),
    sockets: Math.max(1, sockets.size),
    cores: cores.size > 0 ? cores.size : threads,
    threads,
  }
}

function keyValue(line: string): [string, string][] {
  const colon = line.indexOf(':')
  return colon < 0 ? [] : [[line.slice(0, colon).trim(), line.slice(colon + 1).trim()]]
}

/** Memory the kernel can use, bytes: somewhat less than what is installed. Undefined when the text has no MemTotal. */
export function parseMemTotal(meminfo: string): number | undefined {
  const kibibytes = /^MemTotal:\s+(\d+) kB$/m.exec(meminfo)?.[1]
  return kibibytes === undefined ? undefined : Number(kibibytes) * 1024
}
