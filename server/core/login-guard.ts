// Who may try to log in now: guessing is slow from one address, and slow against one name from many addresses.
import { isIPv6 } from 'node:net'
import type { Clock } from './clock.ts'
import { CoreError } from './errors.ts'
import { FailureThrottle } from './failure-throttle.ts'

/** Of one address. */
const ADDRESS_LIMIT = { limit: 5, windowMs: 60_000 }
/** Against one name, from all addresses that it never logged in from. */
const NAME_LIMIT = { limit: 10, windowMs: 15 * 60_000 }

/** Told with a Retry-After. */
export class TooManyAttempts extends CoreError {
  readonly seconds: number

  constructor(message: string, seconds: number, hint: string) {
    super('TOO_MANY_ATTEMPTS', `${message}: wait ${seconds} s`, { hint })
    this.seconds = seconds
  }
}

export interface Attempt {
  address: string
  /** In a login by name and password. */
  name?: string
  /** Whether this name logged in from this address before: what strangers do elsewhere does not lock it out. */
  isKnownHere?: boolean
}

/** Remembers failures in memory: a restart forgives them, and nobody but who runs the host can make one. */
export class LoginGuard {
  readonly #addresses: FailureThrottle
  readonly #names: FailureThrottle

  constructor(clock: Clock) {
    const now = () => clock.now().getTime()
    this.#addresses = new FailureThrottle({ ...ADDRESS_LIMIT, now })
    this.#names = new FailureThrottle({ ...NAME_LIMIT, now })
  }

  /**
   * Throws TooManyAttempts. Counts the attempt as a failure until `succeeded`: while one password is looked at, a thousand others must not
   * slip through. Refused attempts do not count, so that a lock ends by itself however long somebody knocks.
   */
  admit(attempt: Attempt): void {
    const network = networkOf(attempt.address)
    const wait = this.#addresses.retryAfter(network)
    if (wait > 0)
      throw new TooManyAttempts(`too many failed logins from ${attempt.address}`, wait, 'check the password')
    const name = lockable(attempt)
    const locked = name === undefined ? 0 : this.#names.retryAfter(name)
    if (locked > 0) {
      const hint = 'from an address that it logged in from before it is open, and so is the command line of the server'
      throw new TooManyAttempts(`too many failed logins as ${attempt.name} from new addresses`, locked, hint)
    }
    this.#addresses.failed(network)
    if (name !== undefined) this.#names.failed(name)
  }

  /** The address has its other failures still: somebody with an account must not guess others' passwords between logins of their own. */
  succeeded(attempt: Attempt): void {
    this.#addresses.forgive(networkOf(attempt.address))
    if (attempt.name !== undefined) this.unlock(attempt.name)
  }

  /** It came to nothing by no fault of whoever tried, so it does not count. */
  withdrawn(attempt: Attempt): void {
    this.#addresses.forgive(networkOf(attempt.address))
    const name = lockable(attempt)
    if (name !== undefined) this.#names.forgive(name)
  }

  unlock(name: string): void {
    this.#names.forget(name.toLowerCase())
  }
}

function lockable({ name, isKnownHere = false }: Attempt): string | undefined {
  return isKnownHere ? undefined : name?.toLowerCase()
}

/** A client of IPv6 has a whole /64 of addresses to come from. */
function networkOf(address: string): string {
  if (!isIPv6(address)) return address
  const [head = '', tail] = address.split('%')[0]!.split('::')
  const groups = head.split(':').filter((group) => group !== '')
  const rest = (tail ?? '').split(':').filter((group) => group !== '')
  const zeros = tail === undefined ? 0 : 8 - groups.length - rest.length
  return [...groups, ...Array.from({ length: zeros }, () => '0'), ...rest].slice(0, 4).join(':')
}
