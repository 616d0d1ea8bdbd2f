// Profiles: specs that many machines share, chosen by their labels. Their secrets are masked in all that is told.
import type { Profile } from '../contract/machine.ts'
import type { Clock } from './clock.ts'
import { CoreError } from './errors.ts'
import type { EventLog } from './events.ts'
import { uuidV7 } from './ids.ts'
import type { ProfileStore } from './profile-store.ts'
import { maskSecrets, restoreSecrets } from './spec-secrets.ts'
import type { Transactions } from './transactions.ts'

export type ProfileInput = Omit<Profile, 'id' | 'revision'>

export class Profiles {
  readonly #ports: { profiles: ProfileStore; events: EventLog; transactions: Transactions; clock: Clock }

  constructor(ports: { profiles: ProfileStore; events: EventLog; transactions: Transactions; clock: Clock }) {
    this.#ports = ports
  }

  /** By name. */
  list(): Profile[] {
    return this.#ports.profiles.list().map(shown)
  }

  /** How many name the boot medium, whether a machine is in them or not. */
  countNaming(media: string): number {
    return this.#ports.profiles.list().filter(({ spec }) => spec.media === media).length
  }

  /** Throws PROFILE_NOT_FOUND. */
  get(id: string): Profile {
    return shown(this.#record(id))
  }

  /** Throws CONFLICT when the name is taken. */
  create(input: ProfileInput, actor: string): Profile {
    const { profiles, transactions, clock } = this.#ports
    return transactions.transaction(() => {
      this.#requireFreeName(input.name)
      const profile = { id: uuidV7(clock.now()), ...input, spec: restoreSecrets(input.spec, {}), revision: 1 }
      profiles.insert(profile)
      this.#tell(profile, 'added', actor)
      return shown(profile)
    })
  }

  /** Replaces what the input names. Has effect with each machine's next install. Throws PROFILE_NOT_FOUND, CONFLICT. */
  update(id: string, change: Partial<ProfileInput>, actor: string): Profile {
    const { profiles, transactions } = this.#ports
    return transactions.transaction(() => {
      const before = this.#record(id)
      if (change.name !== undefined && change.name !== before.name) this.#requireFreeName(change.name)
      const spec = change.spec ? restoreSecrets(change.spec, before.spec) : before.spec
      const profile = { ...before, ...change, spec, revision: before.revision + 1 }
      profiles.update(profile)
      this.#tell(profile, 'changed', actor)
      return shown(profile)
    })
  }

  /** Throws PROFILE_NOT_FOUND. */
  remove(id: string, actor: string): void {
    const { profiles, transactions } = this.#ports
    transactions.transaction(() => {
      const profile = this.get(id)
      profiles.remove(id)
      this.#tell(profile, 'removed', actor)
    })
  }

  #record(id: string): Profile {
    const profile = this.#ports.profiles.get(id)
    if (!profile) throw new CoreError('PROFILE_NOT_FOUND', `there is no profile ${id}`)
    return profile
  }

  #requireFreeName(name: string): void {
    const other = this.#ports.profiles.byName(name)
    if (other) throw new CoreError('CONFLICT', `there is a profile ${name} already`)
  }

  #tell({ id, name }: Profile, change: 'added' | 'changed' | 'removed', actor: string): void {
    const message = `profile ${name} was ${change}`
    this.#ports.events.append({ type: 'profile.changed', actor, message, data: { profileId: id, name, change } })
  }
}

function shown(profile: Profile): Profile {
  return { ...profile, spec: maskSecrets(profile.spec) }
}
