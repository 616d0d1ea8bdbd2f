// Everything that is kept, in one SQLite file, as the ports of the core and of DHCP.
import { SqliteAnswers } from './answers.ts'
import { SqliteAudit } from './audit.ts'
import { Database } from './database.ts'
import { SqliteDeliveries } from './deliveries.ts'
import { SqliteEvents } from './events.ts'
import { SqliteImageTracks } from './image-tracks.ts'
import { SqliteImages } from './images.ts'
import { SqliteInstalls } from './installs.ts'
import { SqliteLayers } from './layers.ts'
import { SqliteLeases } from './leases.ts'
import { SqliteLeases6 } from './leases6.ts'
import { SqliteMachines } from './machines.ts'
import { SqliteMedia } from './media.ts'
import { SqliteOverview } from './overview.ts'
import { SqliteProfiles } from './profiles.ts'
import { SqliteTokens } from './tokens.ts'
import { SqliteTraces } from './traces.ts'
import { SqliteUsers } from './users.ts'
import { SqliteVerdicts } from './verdicts.ts'

export interface Store {
  transactions: Database
  machines: SqliteMachines
  profiles: SqliteProfiles
  installs: SqliteInstalls
  events: SqliteEvents
  tokens: SqliteTokens
  users: SqliteUsers
  audit: SqliteAudit
  answers: SqliteAnswers
  leases: SqliteLeases
  leases6: SqliteLeases6
  images: SqliteImages
  layers: SqliteLayers
  tracks: SqliteImageTracks
  media: SqliteMedia
  overview: SqliteOverview
  deliveries: SqliteDeliveries
  verdicts: SqliteVerdicts
  traces: SqliteTraces
  close(): void
}

/** Opens the database `file`, `:memory:` for a trial. Throws StoreError with a hint; see Database for what its parts throw. */
export function openStore(file: string): Store {
  const db = Database.open(file)
  return {
    transactions: db,
    machines: new SqliteMachines(db),
    profiles: new SqliteProfiles(db),
    installs: new SqliteInstalls(db),
    events: new SqliteEvents(db),
    tokens: new SqliteTokens(db),
    users: new SqliteUsers(db),
    audit: new SqliteAudit(db),
    answers: new SqliteAnswers(db),
    leases: new SqliteLeases(db),
    leases6: new SqliteLeases6(db),
    images: new SqliteImages(db),
    layers: new SqliteLayers(db),
    tracks: new SqliteImageTracks(db),
    media: new SqliteMedia(db),
    overview: new SqliteOverview(db),
    deliveries: new SqliteDeliveries(db),
    verdicts: new SqliteVerdicts(db),
    traces: new SqliteTraces(db),
    close: () => db.close(),
  }
}
