// A machine as people see it, put together from what is stored apart.
import type { Facts } from '../contract/facts.ts'
import type { Machine, MachineSummary } from '../contract/machine.ts'
import type { InstallRecord } from './install-store.ts'
import type { MachineRecord } from './machine-store.ts'
import type { MergedSpec } from './merge-spec.ts'

export interface MachineParts {
  record: MachineRecord
  macs: string[]
  merged: MergedSpec
  /** The newest install. */
  install: InstallRecord | undefined
}

export function summaryOf({ record, macs, merged, install }: MachineParts): MachineSummary {
  return {
    id: record.id,
    name: record.name,
    state: record.state,
    macs,
    serial: record.serial,
    product: record.product,
    architecture: record.architecture,
    labels: record.labels,
    image: merged.spec.image ?? null,
    wantedDigest: install?.digest ?? null,
    runningDigest: record.runningDigest,
    generation: record.generation,
    lastSeenAt: record.lastSeenAt,
    createdAt: record.createdAt,
    installId: install?.id ?? null,
    failure: record.state === 'failed' ? (install?.failure ?? null) : null,
  }
}

export function machineOf(parts: MachineParts, facts: Facts | undefined): Machine {
  const { record, merged } = parts
  return {
    ...summaryOf(parts),
    uuid: record.uuid,
    address: record.address,
    facts: facts ?? null,
    ownSpec: record.ownSpec,
    spec: merged.spec,
    origins: merged.origins,
    profiles: merged.profiles,
  }
}
