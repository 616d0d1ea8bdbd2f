// A machine as people see it, put together from what is stored apart.
import type { Facts } from '../contract/facts.ts'
import type { Machine, MachineSummary } from '../contract/machine.ts'
import type { InstallOutcome } from './install-store.ts'
import type { MachineRecord } from './machine-store.ts'
import type { MergedSpec } from './merge-spec.ts'
import { bmcView } from './bmc.ts'
import { maskSecrets } from './spec-secrets.ts'

export interface SummaryParts {
  record: MachineRecord
  macs: string[]
  /** Image of the merged spec. */
  image: string | undefined
  /** Of the newest install. */
  install: InstallOutcome | undefined
}

export function summaryOf({ record, macs, image, install }: SummaryParts): MachineSummary {
  return {
    id: record.id,
    name: record.name,
    state: record.state,
    macs,
    serial: record.serial,
    uuid: record.uuid,
    address: record.address,
    product: record.product,
    architecture: record.architecture,
    firmware: record.firmware,
    labels: record.labels,
    image: image ?? null,
    wantedDigest: install?.digest ?? null,
    runningDigest: record.runningDigest,
    generation: record.generation,
    revision: record.revision,
    lastSeenAt: record.lastSeenAt,
    silentSince: record.silentSince,
    createdAt: record.createdAt,
    installId: install?.id ?? null,
    failure: record.state === 'failed' ? (install?.failure ?? null) : null,
  }
}

export function machineOf(
  parts: SummaryParts,
  { spec, origins, profiles }: MergedSpec,
  facts: Facts | undefined,
): Machine {
  const { record } = parts
  return {
    ...summaryOf(parts),
    facts: facts ?? null,
    ownSpec: maskSecrets(record.ownSpec),
    bmc: bmcView(record.bmc),
    spec: maskSecrets(spec),
    origins,
    profiles,
  }
}
