// Whether a text is what a selector asks for, and if not, why.
import type { TextCondition } from '../contract/spec-disks.ts'

/** Why none of `values` fits, as a clause about `name`; undefined when one does. */
export function unmetText(name: string, condition: TextCondition, values: readonly string[]): string | undefined {
  // Of several names, one that is excluded counts more than others that are not.
  const excluded = typeof condition === 'string' ? undefined : condition.not
  if (excluded !== undefined && values.includes(excluded)) return `${name} is ${excluded}`
  const clauses = values.map((value) => clauseAgainst(condition, value))
  if (clauses.includes(undefined)) return undefined
  return `${name} ${clauses[0] ?? clauseAgainst(condition, '') ?? 'is not known'}`
}

/** The same condition with every text of it changed. */
export function mapTexts(condition: TextCondition, change: (text: string) => string): TextCondition {
  if (typeof condition === 'string') return change(condition)
  const entries = Object.entries(condition).map(([key, value]) => [
    key,
    typeof value === 'string' ? change(value) : value?.map(change),
  ])
  return Object.fromEntries(entries) as TextCondition
}

function clauseAgainst(condition: TextCondition, value: string): string | undefined {
  if (typeof condition === 'string') return value === condition ? undefined : `is not ${condition}`
  const { startsWith, endsWith, contains, oneOf } = condition
  if (startsWith !== undefined && !value.startsWith(startsWith)) return `does not start with ${startsWith}`
  if (endsWith !== undefined && !value.endsWith(endsWith)) return `does not end with ${endsWith}`
  if (contains !== undefined && !value.includes(contains)) return `does not contain ${contains}`
  if (oneOf !== undefined && !oneOf.includes(value)) return `is none of ${oneOf.join(', ')}`
  return undefined
}
