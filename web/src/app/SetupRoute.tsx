// The first set-up, put together from what guides through it and what pulls images.

import { useParams } from 'react-router'
import type { Session } from '../../../server/contract/access.ts'
import { PullDialog } from '../features/images/PullDialog.tsx'
import { SetupPage } from '../features/setup/SetupPage.tsx'

export function SetupRoute({ session }: { session: Session }) {
  const { step } = useParams()
  return <SetupPage session={session} step={step} pullDialog={(onClose) => <PullDialog onClose={onClose} />} />
}
