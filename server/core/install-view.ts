// An install as people see it.
import type { Install, InstallStep } from '../contract/install.ts'
import type { StepProgress } from './install-state.ts'
import type { InstallRecord } from './install-store.ts'
import { maskSecrets } from './spec-secrets.ts'

export function installOf(record: InstallRecord): Install {
  return {
    id: record.id,
    machineId: record.machineId,
    generation: record.generation,
    state: record.state,
    image: record.image,
    digest: record.digest,
    spec: maskSecrets(record.spec),
    trust: record.trust?.verdict ?? null,
    plan: record.plan,
    erasures: record.erasures,
    steps: record.steps.map(stepOf),
    failure: record.failure,
    createdAt: record.createdAt,
    startedAt: record.startedAt,
    endedAt: record.endedAt,
    confirmedDigest: record.confirmedDigest,
    agentPeakRss: record.agentPeakRss,
  }
}

function stepOf({ name, state, startedAt, endedAt, bytes, totalBytes, rate, message }: StepProgress): InstallStep {
  return { name, state, startedAt, endedAt, bytes, totalBytes, rate, message }
}
