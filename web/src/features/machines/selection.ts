// Which rows are chosen.

/** The selection with one id put in or taken out. */
export function toggled(selected: ReadonlySet<string>, id: string, isSelected: boolean): ReadonlySet<string> {
  const next = new Set(selected)
  if (isSelected) next.add(id)
  else next.delete(id)
  return next
}

/** All of these, or none when they were all chosen already. */
export function toggledAll(selected: ReadonlySet<string>, ids: readonly string[]): ReadonlySet<string> {
  return ids.every((id) => selected.has(id)) ? new Set() : new Set(ids)
}
