// A machine's page, put together from what knows machines and what knows installs.

import { useParams } from 'react-router'
import { InstallPanel } from '../features/installs/InstallPanel.tsx'
import { MachinePage } from '../features/machines/MachinePage.tsx'

export function MachineRoute() {
  const { id = '' } = useParams()
  // A key per machine: what one had open or typed must not appear on another's page.
  return <MachinePage key={id} id={id} installs={<InstallPanel machineId={id} />} />
}
