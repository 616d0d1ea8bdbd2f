// What profiles ask of the database.
import type { Profile } from '../contract/machine.ts'

export interface ProfileStore {
  /** By name. */
  list(): Profile[]
  get(id: string): Profile | undefined
  byName(name: string): Profile | undefined
  insert(profile: Profile): void
  update(profile: Profile): void
  remove(id: string): void
}
