// A session at a Redfish service (DMTF DSP0266): what it has, and what it does.
import type { BmcAccess } from '../core/bmc.ts'
import { BmcConnection, invalidAnswer, shortPath } from './connection.ts'
import type { Answer, ConnectionOptions } from './connection.ts'
import { BmcError } from './errors.ts'
import { asResource, linkAt, membersOf, textAt, valueAt } from './resource.ts'
import type { Resource } from './resource.ts'

/** The service root of protocol version 1 (DSP0266). */
const ROOT = '/redfish/v1/'
/** Where sessions are made (DSP0266 1.23 section 13.3.4), for services whose root does not link to it. */
const SESSIONS = '/redfish/v1/SessionService/Sessions'
/** A blade centre has no more. */
const MAX_MEMBERS = 64
const LOGOUT_MS = 5_000
/** Of a controller's own words. */
const MAX_WORDS = 300

/** Who the machine is, by its firmware. */
export interface MachineIdentity {
  uuid: string | null
  serial: string | null
}

/** Disposing it logs out. */
export class RedfishService implements AsyncDisposable {
  readonly root: Resource
  readonly #access: BmcAccess
  readonly #connection: BmcConnection
  readonly #token: string
  readonly #session: string | undefined

  private constructor(
    root: Resource,
    access: BmcAccess,
    connection: BmcConnection,
    session: { token: string; location: string | undefined },
  ) {
    this.root = root
    this.#access = access
    this.#connection = connection
    this.#token = session.token
    this.#session = session.location
  }

  /** Logs in. Throws BmcError. */
  static async open(access: BmcAccess, options: ConnectionOptions): Promise<RedfishService> {
    const connection = new BmcConnection(access, options)
    try {
      const { host } = new URL(access.url)
      const root = resourceIn(await connection.request('GET', ROOT), ROOT, host)
      const sessions = linkAt(root, 'Links', 'Sessions') ?? SESSIONS
      const { user, password } = access
      const answer = await connection.request('POST', sessions, { json: { UserName: user, Password: password } })
      const token = answer.headers['x-auth-token']
      // Some answer a wrong password with 400.
      if ([400, 401, 403].includes(answer.status)) {
        throw new BmcError('BMC_LOGIN_REFUSED', `${host} does not let ${user} in${wordsOf(answer, password)}`, {
          hint: 'set user and password anew; after several wrong ones controllers keep an account closed for some minutes',
        })
      }
      if (answer.status >= 300 || typeof token !== 'string') {
        throw invalidAnswer(host, `opened no session: status ${answer.status}${wordsOf(answer, password)}`)
      }
      const { location } = answer.headers
      return new RedfishService(root, access, connection, {
        token,
        location: typeof location === 'string' ? location : textAt(jsonIn(answer), '@odata.id'),
      })
    } catch (error) {
      await connection[Symbol.asyncDispose]()
      throw error
    }
  }

  /** Throws BmcError. */
  async get(path: string): Promise<Resource> {
    return resourceIn(await this.#ask('GET', path), path, this.#host)
  }

  /** Carries out an action. Throws BmcError, BMC_REFUSED with the controller's own words among them. */
  async post(target: string, parameters: Resource): Promise<Buffer> {
    return (await this.#ask('POST', target, parameters)).body
  }

  /** As `post`, where the answer is JSON. */
  async act(target: string, parameters: Resource): Promise<Resource> {
    return resourceIn(await this.#ask('POST', target, parameters), target, this.#host)
  }

  async managers(): Promise<Resource[]> {
    return this.#members('Managers')
  }

  /** The computer that is this machine: the only one, or that which has its UUID or serial number. Throws BmcError. */
  async system({ uuid, serial }: MachineIdentity): Promise<Resource> {
    const systems = await this.#members('Systems')
    const isIt = (system: Resource) =>
      (uuid !== null && textAt(system, 'UUID')?.toLowerCase() === uuid) ||
      (serial !== null && textAt(system, 'SerialNumber') === serial)
    const found = systems.length === 1 ? systems[0] : systems.find(isIt)
    if (found) return found
    if (systems.length === 0) throw this.invalid('knows no computer')
    const message = `the management controller at ${this.#host} is that of ${systems.length} computers, and none is known to be this machine`
    throw new BmcError('BMC_OTHER_MACHINE', message, {
      hint: 'the machine is recognised there by UUID or serial number: boot it from the network once, so that it tells them',
    })
  }

  /** The controller answers, but not as it should. */
  invalid(what: string): BmcError {
    return invalidAnswer(this.#host, what)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Controllers keep few sessions, each for minutes. One that will not go is left to end by itself.
    if (this.#session !== undefined) {
      const path = URL.canParse(this.#session) ? new URL(this.#session).pathname : this.#session
      const options = { token: this.#token, signal: AbortSignal.timeout(LOGOUT_MS) }
      await this.#connection.request('DELETE', path, options).catch(() => {})
    }
    await this.#connection[Symbol.asyncDispose]()
  }

  get #host(): string {
    return new URL(this.#access.url).host
  }

  async #members(name: 'Managers' | 'Systems'): Promise<Resource[]> {
    const collection = linkAt(this.root, name)
    if (collection === undefined) return []
    const members: Resource[] = []
    for (const path of membersOf(await this.get(collection)).slice(0, MAX_MEMBERS)) members.push(await this.get(path))
    return members
  }

  async #ask(method: 'GET' | 'POST', path: string, json?: Resource): Promise<Answer> {
    const answer = await this.#connection.request(method, path, { token: this.#token, json })
    const { status } = answer
    if (status < 300) return answer
    const { user, password } = this.#access
    const words = wordsOf(answer, password)
    if (status === 401 || status === 403) {
      throw new BmcError('BMC_NOT_ALLOWED', `${this.#host} does not let ${user} do this${words}`, {
        hint: 'give the account the right to see the console (with Dell: Virtual Console), or set another one',
      })
    }
    throw new BmcError('BMC_REFUSED', `${this.#host} refused with status ${status}${words}`, {
      hint: `its own page may tell more: ${this.#access.url}`,
    })
  }
}

function resourceIn(answer: Answer, path: string, host: string): Resource {
  const resource = answer.status < 300 ? asResource(jsonIn(answer)) : undefined
  if (resource) return resource
  throw invalidAnswer(host, `has no Redfish resource at ${shortPath(path)}: status ${answer.status}`)
}

function jsonIn({ body }: Answer): unknown {
  try {
    return JSON.parse(body.toString())
  } catch {
    return undefined
  }
}

/** What the controller says of a refusal (an error response of DSP0266), as the end of a sentence; whatever it is, the password is not in it. */
function wordsOf(answer: Answer, password: string): string {
  const error = valueAt(jsonIn(answer), 'error')
  const [first] = [valueAt(error, '@Message.ExtendedInfo')].flat()
  const words = textAt(first, 'Message') ?? textAt(error, 'message')
  if (words === undefined) return ''
  const plain = words
    .replaceAll(password, '***')
    .replaceAll(/[\p{C}\s]+/gu, ' ')
    .trim()
  return plain === '' ? '' : `: ${plain.slice(0, MAX_WORDS)}`
}
