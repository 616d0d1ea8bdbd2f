// Redfish has no picture of the console: it is an operation of each vendor's own.
import type { RedfishService } from '../service.ts'
import type { Resource } from '../resource.ts'

interface Scene {
  service: RedfishService
  /** The computer whose console it is. */
  system: Resource
  /** Waits; rejects when time is up. */
  pause: (ms: number) => Promise<void>
}

/** One vendor's way. It is recognised by what the service offers, not by names of products. */
export interface Camera {
  /** The operation, for people whose controller does not have it. */
  readonly operation: string
  /** The bytes of a picture; undefined where the service does not offer it. Throws BmcError. */
  take(scene: Scene): Promise<Buffer | undefined>
}
