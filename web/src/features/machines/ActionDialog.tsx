// The dialog of an action upon chosen machines.

import type { ActionProps, MachineAction } from './actions.ts'
import { AssignDialog } from './AssignDialog.tsx'
import { BulkDialog } from './BulkDialog.tsx'
import { LabelsDialog } from './LabelsDialog.tsx'
import { ProfileDialog } from './ProfileDialog.tsx'
import { countText } from './selection.ts'

export function ActionDialog({ action, ...props }: ActionProps & { action: MachineAction }) {
  const { target, onClose, onDone } = props
  const count = countText(target.count)
  switch (action) {
    case 'assign':
      return (
        <AssignDialog
          target={target}
          onClose={onClose}
          onAssigned={(image) => onDone(`${image} was assigned to ${count}`)}
        />
      )
    case 'label':
      return <LabelsDialog {...props} />
    case 'profile':
      return <ProfileDialog {...props} />
    case 'reinstall':
      return (
        <BulkDialog
          title={`Reinstall ${count}`}
          verb="Erase and install"
          target={target}
          action={{ type: 'reinstall' }}
          isDanger
          onClose={onClose}
          onDone={() => onDone(`${count} will be installed again`)}
        >
          Their disks are erased and the image that each of them wants is installed again: at once on machines that wait
          in the installer, else at their next network boot.
        </BulkDialog>
      )
    case 'retire':
      return (
        <BulkDialog
          title={`Retire ${count}`}
          verb="Retire"
          target={target}
          action={{ type: 'retire' }}
          isDanger
          onClose={onClose}
          onDone={() => onDone(`${count} retired`)}
        >
          Landfall will no longer answer their network boots. Their disks stay as they are.
        </BulkDialog>
      )
  }
}
