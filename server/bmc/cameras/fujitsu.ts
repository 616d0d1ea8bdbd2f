// Fujitsu iRMC S4 and later: an action of the computer makes a picture, and hands it out once its allowable values say so, which takes some
// seconds. Source: github.com/mmurayama/fujitsu-redfish-samples, take_console_screenshot.py, which names the "iRMC Redfish API Specification".
import { asResource, textAt, textsAt, valueAt } from '../resource.ts'
import type { Resource } from '../resource.ts'
import type { RedfishService } from '../service.ts'
import type { Camera } from './camera.ts'

const ACTION = 'FTSComputerSystem.Screenshot'
const PARAMETER = 'FTSScreenshotType'
/** Either hands out what was made; controllers differ in which one they name. */
const HAND_OUT = ['Save', 'Preview']
const PAUSE_MS = 1_000

export const fujitsu: Camera = {
  operation: `${ACTION} (Fujitsu)`,
  async take({ service, system, pause }) {
    const target = textAt(actionOf(system), 'target')
    const self = textAt(system, '@odata.id')
    if (target === undefined || self === undefined) return undefined
    await service.post(target, { [PARAMETER]: 'Make' })
    for (;;) {
      const allowed = await allowedOf(service, actionOf(await service.get(self)))
      const kind = HAND_OUT.find((one) => allowed.includes(one))
      if (kind !== undefined) return service.post(target, { [PARAMETER]: kind })
      await pause(PAUSE_MS)
    }
  },
}

function actionOf(system: Resource): Resource | undefined {
  const actions = Object.values(asResource(valueAt(system, 'Actions', 'Oem')) ?? {})
  return actions.map(asResource).find((action) => textAt(action, 'target')?.endsWith(`/${ACTION}`))
}

/** Beside the action, or in its ActionInfo (DSP0266). */
async function allowedOf(service: RedfishService, action: Resource | undefined): Promise<string[]> {
  const beside = textsAt(action, `${PARAMETER}@Redfish.AllowableValues`)
  const info = textAt(action, '@Redfish.ActionInfo')
  if (beside.length > 0 || info === undefined) return beside
  const [parameter] = [valueAt(await service.get(info), 'Parameters')].flat()
  return textsAt(parameter, 'AllowableValues')
}
