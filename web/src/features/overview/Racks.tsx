// Machines where they stand: a box per rack, or whatever else the label means, and a square per machine in the colour of its state.

import { Link } from 'react-router'
import type { LabelGroup, StateCounts } from '../../../../server/contract/overview.ts'
import { MACHINE_STATES } from '../../ui/StateLabel.tsx'

export function Racks({ by, groups }: { by: string; groups: readonly LabelGroup[] }) {
  return (
    <ul className="lf-racks" aria-label={`Machines by ${by}`}>
      {groups.map(({ value, machines, states, members }) => (
        <li key={value ?? ''} className="lf-rack">
          <div className="lf-rack-title">
            {value === null ? (
              <span className="lf-subtle">without {by}</span>
            ) : (
              <Link to={`/machines?label=${encodeURIComponent(`${by}=${value}`)}&sort=name&order=asc`}>
                {value === '' ? '(empty)' : value}
              </Link>
            )}{' '}
            <span className="lf-subtle">{machines}</span>
          </div>
          <div className="lf-units">
            {/* The keyboard goes by the title: forty stops in each rack would be no help. */}
            {members.map(({ id, name, state }) => (
              <Link
                key={id}
                tabIndex={-1}
                className="lf-unit"
                data-state={state}
                to={`/machines/${id}`}
                title={`${name}: ${state}`}
                aria-label={`${name}: ${state}`}
              />
            ))}
            {machines > members.length && <span className="lf-subtle">+{machines - members.length}</span>}
          </div>
          <div className="lf-subtle lf-small">{statesText(states)}</div>
        </li>
      ))}
    </ul>
  )
}

function statesText(states: StateCounts): string {
  return MACHINE_STATES.flatMap((state) => (states[state] ? [`${states[state]} ${state}`] : [])).join(', ')
}
