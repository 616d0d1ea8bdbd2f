// What documents change, as lines like those of diff(1).
import type { ApplyItem, Change } from '../contract/document.ts'

/** Nothing of what stays as it is. */
export function changeLines(item: ApplyItem, place: string): string[] {
  const { kind, name, outcome, changes, error } = item
  const heading = `${kind}/${name} (${place}): ${outcome}`
  if (error) return [`${heading}: ${error.message}`, ...(error.hint === undefined ? [] : [`  ${error.hint}`])]
  return outcome === 'unchanged' ? [] : [heading, ...changes.flatMap(linesOf)]
}

function linesOf(change: Change): string[] {
  return [
    ...('before' in change ? [`- ${change.path}: ${JSON.stringify(change.before)}`] : []),
    ...('after' in change ? [`+ ${change.path}: ${JSON.stringify(change.after)}`] : []),
  ]
}
