// The time, for what counts seconds while one looks.

import { useEffect, useState } from 'react'

const TICK_MS = 1000

/** Milliseconds since the epoch; moves on only while something counts. */
export function useNow(isCounting: boolean): number {
  const [now, setNow] = useState(Date.now)
  useEffect(() => {
    if (!isCounting) return
    const timer = setInterval(() => setNow(Date.now()), TICK_MS)
    return () => clearInterval(timer)
  }, [isCounting])
  return Math.max(now, Date.now())
}
