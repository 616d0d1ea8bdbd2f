// What changed since midnight: numbers, and the news behind them.

import { Content, List, ListItem } from '@patternfly/react-core'
import { Link } from 'react-router'
import type { Event } from '../../../../server/contract/event.ts'
import type { Overview } from '../../../../server/contract/overview.ts'
import { Ago } from '../../ui/Ago.tsx'
import { inRuns } from './news.ts'

export function Changes({ changed, news }: { changed: Overview['changed']; news: readonly Event[] }) {
  const { discovered, assigned, succeeded, failed } = changed
  return (
    <>
      <Content component="p">
        <strong>{discovered}</strong> new, <strong>{assigned}</strong> assigned, <strong>{succeeded}</strong> installed,{' '}
        <strong>{failed}</strong> failed
      </Content>
      <List isPlain aria-label="News" className="lf-wrap">
        {inRuns(news).map(({ event: { seq, at, message, machineId, actor }, further }) => (
          <ListItem key={seq}>
            <Ago time={at} /> {machineId === null ? message : <Link to={`/machines/${machineId}`}>{message}</Link>}
            {further > 0 && ` and ${further} more like it`}{' '}
            {actor !== 'system' && actor !== 'machine' && <span className="lf-subtle">by {actor}</span>}
          </ListItem>
        ))}
      </List>
    </>
  )
}
