// Pictures of consoles, as management controllers give them.
import { setTimeout as sleep } from 'node:timers/promises'
import { formatBytes } from '../contract/bytes.ts'
import type { Clock } from '../core/clock.ts'
import type { BmcAccess } from '../core/bmc.ts'
import { mayBeController } from './addresses.ts'
import { dell } from './cameras/dell.ts'
import { fujitsu } from './cameras/fujitsu.ts'
import { supermicro } from './cameras/supermicro.ts'
import type { ConnectionOptions } from './connection.ts'
import { BmcError } from './errors.ts'
import { pictureType } from './picture.ts'
import type { PictureType } from './picture.ts'
import { textAt } from './resource.ts'
import { RedfishService } from './service.ts'
import type { MachineIdentity } from './service.ts'

export interface Screenshot {
  bytes: Buffer
  type: PictureType
  takenAt: Date
}

export interface ScreenshotsOptions {
  clock: Clock
  isAllowed?: ConnectionOptions['isAllowed']
  /** For all of it: controllers take seconds for each answer. */
  patienceMs?: number
}

type Photographed = MachineIdentity & { name: string; bmc: BmcAccess | null }

const CAMERAS = [dell, fujitsu, supermicro]
const PATIENCE_MS = 60_000
export const MAX_PICTURE_BYTES = 8 * 2 ** 20
/** A picture is in memory up to three times. */
const MAX_AT_ONCE = 8

export class Screenshots {
  readonly #options: Required<ScreenshotsOptions>
  /** By the controller's URL. */
  readonly #underWay = new Map<string, { of: string; picture: Promise<Screenshot> }>()

  constructor({ clock, isAllowed = mayBeController, patienceMs = PATIENCE_MS }: ScreenshotsOptions) {
    this.#options = { clock, isAllowed, patienceMs }
  }

  /**
   * What the machine's console shows now. A controller is asked once at a time: whoever wants the same meanwhile gets the same picture.
   * Throws BmcError.
   */
  async take({ name, bmc, uuid, serial }: Photographed): Promise<Screenshot> {
    if (bmc === null) {
      throw new BmcError('BMC_NOT_SET', `machine ${name} has no management controller set`, {
        hint: 'set its address and login: `landfall machine bmc set`',
      })
    }
    const of = JSON.stringify([bmc, uuid, serial])
    const other = this.#underWay.get(bmc.url)
    if (other?.of === of) return other.picture
    if (other || this.#underWay.size >= MAX_AT_ONCE) {
      const who = other ? 'this controller is being asked' : `${MAX_AT_ONCE} pictures are being taken`
      throw new BmcError('BMC_BUSY', `${who} already`, { hint: 'try again in a moment' })
    }
    const picture = this.#take(bmc, { uuid, serial }).finally(() => this.#underWay.delete(bmc.url))
    this.#underWay.set(bmc.url, { of, picture })
    return picture
  }

  async #take(bmc: BmcAccess, identity: MachineIdentity): Promise<Screenshot> {
    const { clock, isAllowed, patienceMs } = this.#options
    const signal = AbortSignal.timeout(patienceMs)
    await using service = await RedfishService.open(bmc, { isAllowed, signal })
    const system = await service.system(identity)
    if (textAt(system, 'PowerState') === 'Off') {
      throw new BmcError('BMC_POWERED_OFF', 'the machine is switched off: its console shows nothing', {
        hint: 'switch it on',
      })
    }
    const pause = async (ms: number): Promise<void> => {
      await sleep(ms, undefined, { signal }).catch(() => {
        throw service.invalid('made no picture in time')
      })
    }
    for (const camera of CAMERAS) {
      const bytes = await camera.take({ service, system, pause })
      if (bytes) return { ...checked(bytes, service), takenAt: clock.now() }
    }
    const operations = CAMERAS.map(({ operation }) => operation).join(', ')
    throw new BmcError('BMC_NO_PICTURE', `this controller gives no picture: it offers none of ${operations}`, {
      hint: `see the console on its own page: ${bmc.url}`,
    })
  }
}

function checked(bytes: Buffer, service: RedfishService): { bytes: Buffer; type: PictureType } {
  if (bytes.length > MAX_PICTURE_BYTES) {
    throw service.invalid(`gave a picture of ${formatBytes(bytes.length)}, over ${formatBytes(MAX_PICTURE_BYTES)}`)
  }
  const type = pictureType(bytes)
  if (type) return { bytes, type }
  throw service.invalid('gave something that is neither PNG, JPEG nor BMP')
}
