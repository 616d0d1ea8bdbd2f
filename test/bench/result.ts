// What a benchmark prints: one JSON object a line on standard output, and nothing else there.

export interface Measurement {
  /** As the issues name it; the unit is its last word: `installer_bytes`. */
  metric: string
  unit: string
  /** Median of the runs. */
  value: number
  runs: number
  /** At most (or, for rates, at least) this. */
  goal?: number
  /** Whether a larger value is better. */
  isRate?: boolean
  /** Whether the goal is one for the ratio of value and peer. */
  isRatio?: boolean
  /** The same of another program, measured in turns with ours. */
  peer?: { name: string; value: number }
}

export interface Bench {
  name: string
  /** One line for the list. */
  about: string
  run(say: (line: string) => void): Promise<Measurement[]>
}

/** The line for one measurement. */
export function resultLine(
  bench: string,
  { metric, unit, value, runs, goal, isRate = false, isRatio = false, peer }: Measurement,
): string {
  const judged = isRatio && peer ? value / peer.value : value
  return JSON.stringify({
    bench,
    metric,
    value,
    unit,
    ...(peer && { peer: peer.name, peer_value: peer.value, ratio: value / peer.value }),
    ...(goal !== undefined && { goal, met: isRate ? judged >= goal : judged <= goal }),
    runs,
  })
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length / 2
  return sorted.length % 2 === 1 ? sorted[Math.floor(middle)]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}
