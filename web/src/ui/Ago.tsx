// "12 s ago", kept true while one looks; the exact time on hover.

import { useEffect, useState } from 'react'
import { formatAgo } from './format.ts'

const TICK_MS = 5000

export function Ago({ time }: { time: string | null }) {
  const [now, setNow] = useState(Date.now)
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), TICK_MS)
    return () => clearInterval(timer)
  }, [])
  if (time === null) return <span className="lf-subtle">never</span>
  return (
    <time dateTime={time} title={new Date(time).toLocaleString()} className="lf-nowrap">
      {formatAgo(time, Math.max(now, Date.now()))}
    </time>
  )
}
