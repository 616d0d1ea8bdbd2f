// What failed, by its reason: one cause often stops many machines.

import { Content } from '@patternfly/react-core'
import { CheckCircleIcon } from '@patternfly/react-icons'
import { Link } from 'react-router'
import type { FailureGroup } from '../../../../server/contract/overview.ts'

const SHOWN = 3

export function Failures({ failures }: { failures: readonly FailureGroup[] }) {
  if (failures.length === 0) {
    return (
      <Content component="p">
        <CheckCircleIcon color="var(--pf-t--global--icon--color--status--success--default)" /> No machine waits for
        somebody to look at it.
      </Content>
    )
  }
  return (
    <ul className="lf-failures">
      {failures.map(({ code, machines, message, hint, examples }) => (
        <li key={code}>
          <strong className="lf-figure">{machines}</strong>
          <div>
            <strong>{code}</strong> <span className="lf-subtle">{message}</span>
            {hint !== null && <div>{hint}</div>}
            <div>
              {examples.slice(0, SHOWN).map(({ id, name }, at) => (
                <span key={id}>
                  {at > 0 && ', '}
                  <Link to={`/machines/${id}`}>{name}</Link>
                </span>
              ))}
              {machines > SHOWN && ` and ${machines - SHOWN} more`}
            </div>
          </div>
        </li>
      ))}
    </ul>
  )
}
