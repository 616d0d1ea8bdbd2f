// The image each machine wants, as a column: lists of thousands are filtered and sorted by it.
import { sql } from 'kysely'
import type { Labels } from '../contract/common.ts'
import type { PartialSpec } from '../contract/spec.ts'
import { wantedValue } from '../core/merge-spec.ts'
import type { MergedProfile } from '../core/merge-spec.ts'
import type { Database } from './database.ts'

/** To be written with the labels and spec that it comes from. */
export function wantedImage(db: Database, machine: { labels: Labels; ownSpec: PartialSpec }): string | null {
  return machine.ownSpec.image ?? imageOf(machine, profilesWithImage(db))
}

/** To be called in the transaction that changes profiles. */
export function refreshWantedImages(db: Database): void {
  const profiles = profilesWithImage(db)
  const own = sql<string | null>`own_spec ->> '$.image'`.as('own')
  for (const row of db.all(db.query.selectFrom('machines').select(['id', 'labels', 'image', own]))) {
    const machine = { labels: JSON.parse(row.labels) as Labels, ownSpec: row.own === null ? {} : { image: row.own } }
    const image = imageOf(machine, profiles)
    if (image !== row.image) db.run(db.query.updateTable('machines').set({ image }).where('id', '=', row.id))
  }
}

function imageOf(machine: { labels: Labels; ownSpec: PartialSpec }, profiles: readonly MergedProfile[]): string | null {
  return wantedValue(machine, profiles, (spec) => spec.image) ?? null
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
