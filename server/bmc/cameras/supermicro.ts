// Supermicro with the OOB or DCMS licence: the service root links to a DumpService, whose action makes a picture and then hands it out.
// Sources: the resources as github.com/stmcginnis/gofish has them (oem/smc/dumpservice_test.go); values and order of the two calls from
// published programs that use them. Firmware before that had a picture only in its own pages (`/cgi/CapturePreview.cgi`), which is no
// interface for programs, and which later boards are said not to have.
import { linkAt, textAt } from '../resource.ts'
import type { Camera } from './camera.ts'

const ACTION = 'OemDumpService.Collect'
const DUMP = { DumpType: 'ScreenCapture' }

export const supermicro: Camera = {
  operation: `${ACTION} (Supermicro)`,
  async take({ service }) {
    const link = linkAt(service.root, 'Oem', 'Supermicro', 'DumpService')
    const target = link && textAt(await service.get(link), 'Actions', `#${ACTION}`, 'target')
    if (target === undefined) return undefined
    await service.post(target, { ...DUMP, ActionType: 'Create' })
    return service.post(target, { ...DUMP, ActionType: 'Download' })
  },
}
