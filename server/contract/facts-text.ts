// What machines consist of, in words for people.
import type { Facts } from './facts.ts'

/** `Dell Inc. PowerEdge R650`; undefined where the machine tells neither. */
export function productText({ vendor, product }: Facts['smbios']): string | undefined {
  return [vendor, product].filter(Boolean).join(' ') || undefined
}

/** `2 × Xeon Gold 6338, 64 cores, 128 threads` */
export function cpuText({ model, sockets, cores, threads }: Facts['cpu']): string {
  return `${sockets} × ${model}, ${cores} cores, ${threads} threads`
}
