// What somebody who looked for trouble found, and what to do about it.
import { z } from 'zod'

export const Finding = z
  .object({
    code: z.string().describe("stable; of a boot story's verdict it is that one's code"),
    level: z.enum(['ok', 'note', 'problem']),
    message: z.string(),
    causes: z.array(z.string()).optional(),
    next: z.array(z.string()).optional().describe('steps that mend it'),
  })
  .meta({ id: 'Finding' })
export type Finding = z.infer<typeof Finding>
