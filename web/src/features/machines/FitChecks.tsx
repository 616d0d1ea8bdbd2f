// Whether the chosen image can start the chosen machines, before anybody assigns it.

import { Alert, Content } from '@patternfly/react-core'
import type { FitCheck } from '../../../../server/contract/image-inspection.ts'
import type { MachineSummary } from '../../../../server/contract/machine.ts'
import { useImageFits } from '../../api/queries.ts'

/** More are not asked for: the first ones tell what is wrong with an image. */
const SHOWN = 10

const TITLES = {
  ok: 'This image can start',
  warning: 'This image can start, with a warning',
  unknown: 'Not known yet whether this image can start',
  refused: 'This image cannot start',
} as const
const VARIANTS = { ok: 'success', warning: 'warning', unknown: 'info', refused: 'danger' } as const
const SEVERITY = ['refused', 'unknown', 'warning', 'ok'] as const

export function FitChecks({
  image,
  machines,
}: {
  image: string
  machines: readonly Pick<MachineSummary, 'id' | 'name'>[]
}) {
  const asked = machines.slice(0, SHOWN)
  const fits = useImageFits(
    image,
    asked.map(({ id }) => id),
  )
  const known = fits.flatMap((fit, at) => (fit ? [{ ...fit, name: asked[at]!.name }] : []))
  const worst = SEVERITY.find((severity) => known.some(({ result }) => result === severity))
  if (worst === undefined) return null
  const concerned = known.filter(({ result }) => result === worst)
  const names = machines.length === 1 ? asked[0]!.name : `${concerned.length} of ${known.length} machines`
  return (
    <Alert component="h2" isInline variant={VARIANTS[worst]} title={`${TITLES[worst]}: ${names}`}>
      <Content component="ul">
        {reasons(concerned.flatMap(({ checks }) => checks)).map((message) => (
          <Content key={message} component="li">
            {message}
          </Content>
        ))}
      </Content>
    </Alert>
  )
}

/** What speaks against it, each thing once. */
function reasons(checks: readonly FitCheck[]): string[] {
  return [...new Set(checks.filter(({ result }) => result !== 'ok').map(({ message }) => message))]
}
