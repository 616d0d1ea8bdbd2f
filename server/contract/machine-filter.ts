// How machines are chosen: one language for the API's parameters, the command line's options and the page's address.
import { z } from 'zod'
import { Architecture, Firmware } from './common.ts'
import { MachineState } from './machine.ts'

/** In a query a parameter given once is a text, given more often a list. */
const listOf = <T extends z.ZodType>(item: T, most: number) =>
  z.preprocess((given) => (typeof given === 'string' ? [given] : given), z.array(item).min(1).max(most))

/** Every condition has to hold; without any, every machine is meant. */
export const MachineFilter = z
  .strictObject({
    state: listOf(MachineState, MachineState.options.length).describe('in one of these states'),
    label: listOf(z.string().regex(/^[^=]+(=|$)/, 'must be key=value, or key for any value'), 20).describe(
      'with all of these labels: `key=value`, or `key` for any value',
    ),
    image: z.string().min(1).max(1000).describe('image reference wanted, its own or by a profile'),
    profile: z.string().min(1).max(63).describe('name of a profile that applies'),
    architecture: Architecture,
    firmware: Firmware,
    silent: z.enum(['true', 'false']).describe('whether it has said nothing for a while in the middle of an install'),
    search: z
      .string()
      .max(200)
      .describe('words, each a part of name, MAC, serial, UUID, address, vendor or product, in any case'),
  })
  .partial()
export type MachineFilter = z.infer<typeof MachineFilter>

export const MachineSort = z.enum(['createdAt', 'name', 'state', 'lastSeenAt', 'image', 'product', 'serial'])
export type MachineSort = z.infer<typeof MachineSort>

export const SortOrder = z.enum(['asc', 'desc'])
export type SortOrder = z.infer<typeof SortOrder>
