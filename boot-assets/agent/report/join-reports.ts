// Reports of layers say what changed: of two that follow each other one can be made, not one left out.
import type { LayersReport } from '../../../server/contract/install-layers.ts'

/** What the two tell together: of each layer the last. */
export function joinReports(
  earlier: LayersReport | undefined,
  later: LayersReport | undefined,
): LayersReport | undefined {
  if (!earlier || !later || later.table) return later ?? earlier
  const changes = new Map([...earlier.changes, ...later.changes].map((change) => [change.index, change]))
  return { ...earlier, changes: [...changes.values()] }
}
