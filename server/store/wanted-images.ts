// The image each machine wants, as a column: lists of thousands are filtered and sorted by it.
import { sql } from 'kysely'
import type { Labels } from '../contract/common.ts'
import { wantedValue } from '../core/merge-spec.ts'
import type { MergedProfile } from '../core/merge-spec.ts'
import type { Database } from './database.ts'

/** To be called in the transaction that changes labels or spec of the machine, or, without one, profiles. */
export function refreshWantedImages(db: Database, id?: string): void {
  const profiles = profilesWithImage(db)
  const own = sql<string | null>`own_spec ->> '$.image'`.as('own')
  const machines = db.query.selectFrom('machines').select(['id', 'labels', 'image', own])
  for (const row of db.all(id === undefined ? machines : machines.where('id', '=', id))) {
    const machine = { labels: JSON.parse(row.labels) as Labels, ownSpec: row.own === null ? {} : { image: row.own } }
    const image = wantedValue(machine, profiles, (spec) => spec.image) ?? null
    if (image !== row.image) db.run(db.query.updateTable('machines').set({ image }).where('id', '=', row.id))
  }
}

function profilesWithImage(db: Database): MergedProfile[] {
  const image = sql<string | null>`spec ->> '$.image'`
  const query = db.query.selectFrom('profiles').select(['name', 'selector', 'priority', image.as('image')])
  return db.all(query.where(image, 'is not', null)).map(({ image: named, selector, ...rest }) => ({
    ...rest,
    selector: JSON.parse(selector) as Labels,
    spec: { image: named! },
  }))
}
