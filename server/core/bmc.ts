// What is kept of a machine's management controller. Its password is given out to nobody but the controller itself.
import type { Bmc, BmcView } from '../contract/bmc.ts'
import { SECRET_MASK } from '../contract/spec.ts'
import { CoreError } from './errors.ts'

/** A controller and the way in. */
export interface BmcAccess {
  /** `https://host[:port]` */
  url: string
  user: string
  password: string
  /** SHA-256 of its certificate, hex; without one a well-known CA must have signed it. */
  certificate?: string
}

/** For people: without the password. */
export function bmcView(bmc: BmcAccess | null): BmcView | null {
  if (bmc === null) return null
  const { password: _, ...view } = bmc
  return view
}

/** For telling what changes: with a mask in place of the password. */
export function maskBmc(bmc: BmcAccess): BmcAccess {
  return { ...bmc, password: SECRET_MASK }
}

/**
 * The controller as it is meant by somebody who was shown `former`. Throws VALIDATION for a password that is left out where the one known is
 * for another controller: else whoever may change an address could have the password sent to one of theirs. A certificate may be pinned
 * where none was.
 */
export function resolveBmc(given: Bmc | null, former: BmcAccess | null): BmcAccess | null {
  if (given === null) return null
  const { url, user } = given
  const same = former?.url === url ? former : undefined
  const certificate = given.certificate ?? same?.certificate
  const isPinnedAnew = same?.certificate !== undefined && same.certificate !== certificate
  const password = given.password ?? (isPinnedAnew ? undefined : same?.password)
  if (password === undefined) {
    const reason = former ? 'it has another address or certificate now' : 'none is set yet'
    throw new CoreError('VALIDATION', `the password of the management controller ${url} is missing: ${reason}`, {
      hint: 'give bmc.password',
    })
  }
  return { url, user, password, ...(certificate !== undefined && { certificate }) }
}
