// What a schema says about a value, in one line.
import type { z } from 'zod'

/** @example 'spec.finish: Invalid option: expected one of ...' */
export function issueText({ path, message }: Pick<z.core.$ZodIssue, 'path' | 'message'>): string {
  return path.length === 0 ? message : `${path.map(String).join('.')}: ${message}`
}
