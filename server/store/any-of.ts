// `IN` for lists of any length as one parameter, so that there is one statement for all of them.
import { sql } from 'kysely'

/** For `.where('id', 'in', anyOf(ids))`. */
export function anyOf(values: readonly string[]) {
  return sql<string>`(SELECT value FROM json_each(${JSON.stringify(values)}))`
}
