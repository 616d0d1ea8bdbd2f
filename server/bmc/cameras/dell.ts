// Dell iDRAC 9 and later: the manager links to its DellLCService, which has the action; the answer is JSON with the picture in base64, PNG or
// JPEG. Sources: github.com/dell/iDRAC-Redfish-Scripting, ExportServerScreenShotOemREDFISH.py; DellLCService as iDRACs answer it, by way of
// `Links.Oem.Dell`, which Dell's Ansible modules follow (github.com/dell/dellemc-openmanage-ansible-modules).
import { linkAt, textAt } from '../resource.ts'
import type { Camera } from './camera.ts'

const ACTION = 'DellLCService.ExportServerScreenShot'

export const dell: Camera = {
  operation: `${ACTION} (Dell)`,
  async take({ service }) {
    for (const manager of await service.managers()) {
      const link = linkAt(manager, 'Links', 'Oem', 'Dell', 'DellLCService')
      const target = link && textAt(await service.get(link), 'Actions', `#${ACTION}`, 'target')
      if (target === undefined) continue
      const picture = textAt(await service.act(target, { FileType: 'ServerScreenShot' }), 'ServerScreenShotFile')
      if (picture === undefined) throw service.invalid(`answered ${ACTION} without a picture`)
      return Buffer.from(picture, 'base64')
    }
    return undefined
  },
}
