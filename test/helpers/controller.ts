// A management controller on a real socket with a certificate of its own making, which answers as DSP0266 and its vendor's documents say. No
// real controller has been compared with it.
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:https'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { issueCaCertificate, issueServerCertificate } from '../../server/pki/certificate.ts'

/** `other` has Redfish, and no picture. */
type Vendor = 'dell' | 'fujitsu' | 'supermicro' | 'other'

interface Reply {
  status?: number
  headers?: Record<string, string>
  /** Bytes go out as they are, anything else as JSON. */
  body?: unknown
}

type Handler = (request: { body: unknown; raw: IncomingMessage; response: ServerResponse }) => Promise<Reply> | Reply

export interface ControllerOptions {
  vendor?: Vendor
  address?: string
  picture?: () => Promise<Buffer> | Buffer
  isOff?: () => boolean
  /** Instead of what it would answer: `POST /redfish/v1/...`. */
  instead?: Readonly<Record<string, Handler>>
}

export const LOGIN = { user: 'landfall', password: 'a pass/word & more' }
export const IDENTITY = { uuid: '4c4c4544-0051-3010-8052-b4c04f564231', serial: 'ABC1234' }
/** The smallest thing that has a PNG's signature. */
export const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
)

const VALIDITY = { notBefore: new Date('2000-01-01'), notAfter: new Date('2100-01-01') }
const SESSIONS = '/redfish/v1/SessionService/Sessions'
const SYSTEM = '/redfish/v1/Systems/1'
const MANAGER = '/redfish/v1/Managers/1'
const DELL = `${MANAGER}/Oem/Dell/DellLCService`
const FUJITSU = `${SYSTEM}/Actions/Oem/FTSComputerSystem.Screenshot`
const SUPERMICRO = '/redfish/v1/Oem/Supermicro/DumpService'

/** Disposing it ends it. */
export class Controller implements AsyncDisposable {
  readonly url: string
  /** Of its certificate, as the server writes it. */
  readonly fingerprint: string
  /** That of the CA that signed it (PEM). */
  readonly ca: string
  /** What it was asked: `GET /redfish/v1/`. */
  readonly asked: readonly string[]
  /** Sessions that are open. */
  readonly sessions: ReadonlySet<string>
  readonly #end: () => Promise<void>

  constructor(parts: Pick<Controller, 'url' | 'fingerprint' | 'ca' | 'asked' | 'sessions'>, end: () => Promise<void>) {
    this.url = parts.url
    this.fingerprint = parts.fingerprint
    this.ca = parts.ca
    this.asked = parts.asked
    this.sessions = parts.sessions
    this.#end = end
  }

  /** What a machine is given to reach it. */
  get access() {
    return { url: this.url, ...LOGIN, certificate: this.fingerprint }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end()
  }
}

export async function startController(options: ControllerOptions = {}): Promise<Controller> {
  const { vendor = 'dell', address = '127.0.0.1', picture = () => PNG, isOff = () => false, instead = {} } = options
  const ca = await issueCaCertificate('Controller', VALIDITY)
  const { key, certificate } = await issueServerCertificate(ca, [address], VALIDITY)
  const asked: string[] = []
  const sessions = new Set<string>()
  const handlers = { ...standard(sessions, isOff), ...VENDORS[vendor](picture), ...instead }
  const server = createServer({ key, cert: certificate }, (request, response) => {
    const what = `${request.method} ${request.url}`
    asked.push(what)
    const isOpen = what === 'GET /redfish/v1/' || what === `POST ${SESSIONS}`
    const isKnown = isOpen || sessions.has(String(request.headers['x-auth-token']))
    const handler: Handler = isKnown ? (handlers[what] ?? missing) : () => ({ status: 401 })
    const reading = request.method === 'POST' ? json(request) : Promise.resolve(undefined)
    void reading
      .then((body) => handler({ body, raw: request, response }))
      .then(({ status = 200, headers = {}, body }) => {
        const bytes = Buffer.isBuffer(body) ? body : Buffer.from(body === undefined ? '' : JSON.stringify(body))
        const type = Buffer.isBuffer(body) ? 'application/octet-stream' : 'application/json'
        response.writeHead(status, { 'content-type': type, ...headers }).end(bytes)
      })
  })
  server.listen(0, address)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const fingerprint = new X509Certificate(certificate).fingerprint256.replaceAll(':', '').toLowerCase()
  const url = `https://${address}:${port}`
  return new Controller({ url, fingerprint, ca: ca.certificate, asked, sessions }, async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
}

/** A refusal in the form of DSP0266. */
export function refusal(status: number, message: string): Reply {
  return { status, body: { error: { code: 'Base.1.0.GeneralError', '@Message.ExtendedInfo': [{ Message: message }] } } }
}

const missing: Handler = () => refusal(404, 'The resource was not found.')
const link = (path: string) => ({ '@odata.id': path })

function standard(sessions: Set<string>, isOff: () => boolean): Record<string, Handler> {
  const root = { ...link('/redfish/v1/'), Systems: link('/redfish/v1/Systems'), Managers: link('/redfish/v1/Managers') }
  const remove: Handler = ({ raw }) => {
    sessions.delete(String(raw.headers['x-auth-token']))
    return { status: 204 }
  }
  return {
    'GET /redfish/v1/': () => ({ body: { ...root, Links: { Sessions: link(SESSIONS) } } }),
    [`POST ${SESSIONS}`]: ({ body }) => {
      const { UserName, Password } = body as Record<string, unknown>
      if (UserName !== LOGIN.user || Password !== LOGIN.password) return refusal(401, 'The credentials are wrong.')
      const token = `token-${sessions.size + 1}`
      sessions.add(token)
      return { status: 201, headers: { 'x-auth-token': token, location: `${SESSIONS}/7` }, body: link(`${SESSIONS}/7`) }
    },
    [`DELETE ${SESSIONS}/7`]: remove,
    'GET /redfish/v1/Systems': () => ({ body: { Members: [link(SYSTEM)] } }),
    [`GET ${SYSTEM}`]: () => ({ body: system({ PowerState: isOff() ? 'Off' : 'On' }) }),
    'GET /redfish/v1/Managers': () => ({ body: { Members: [link(MANAGER)] } }),
    [`GET ${MANAGER}`]: () => ({ body: link(MANAGER) }),
  }
}

/** The computer, with what is added. */
export function system(more: object = {}): object {
  return {
    ...link(SYSTEM),
    UUID: IDENTITY.uuid.toUpperCase(),
    SerialNumber: IDENTITY.serial,
    PowerState: 'On',
    ...more,
  }
}

const VENDORS: Record<Vendor, (picture: () => Promise<Buffer> | Buffer) => Record<string, Handler>> = {
  other: () => ({}),
  dell: (picture) => {
    const action = `${DELL}/Actions/DellLCService.ExportServerScreenShot`
    return {
      [`GET ${MANAGER}`]: () => ({ body: { Links: { Oem: { Dell: { DellLCService: link(DELL) } } } } }),
      [`GET ${DELL}`]: () => ({
        body: { Actions: { '#DellLCService.ExportServerScreenShot': { target: action } } },
      }),
      [`POST ${action}`]: async ({ body }) =>
        (body as { FileType?: string }).FileType === 'ServerScreenShot'
          ? { body: { ServerScreenShotFile: (await picture()).toString('base64') } }
          : refusal(400, 'FileType is wrong.'),
    }
  },
  fujitsu: (picture) => {
    // Ready when it has been looked at twice.
    let looked = -1
    return {
      [`GET ${SYSTEM}`]: () => {
        if (looked >= 0) looked++
        const allowed = looked > 1 ? ['Make', 'Delete', 'Save'] : ['Make']
        const action = { target: FUJITSU, 'FTSScreenshotType@Redfish.AllowableValues': allowed }
        return { body: system({ Actions: { Oem: { '#FTSComputerSystem.Screenshot': action } } }) }
      },
      [`POST ${FUJITSU}`]: async ({ body }) => {
        const { FTSScreenshotType: type } = body as { FTSScreenshotType?: string }
        if (type === 'Save' && looked > 1) return { body: await picture() }
        if (type !== 'Make') return refusal(400, 'FTSScreenshotType is not allowed now.')
        looked = 0
        return { status: 204 }
      },
    }
  },
  supermicro: (picture) => {
    const action = `${SUPERMICRO}/Actions/OemDumpService.Collect`
    let made: Buffer | undefined
    return {
      'GET /redfish/v1/': () => ({
        body: {
          ...link('/redfish/v1/'),
          Systems: link('/redfish/v1/Systems'),
          Managers: link('/redfish/v1/Managers'),
          Oem: { Supermicro: { DumpService: link(SUPERMICRO) } },
        },
      }),
      [`GET ${SUPERMICRO}`]: () => ({ body: { Actions: { '#OemDumpService.Collect': { target: action } } } }),
      [`POST ${action}`]: async ({ body }) => {
        const { DumpType, ActionType } = body as { DumpType?: string; ActionType?: string }
        if (DumpType !== 'ScreenCapture') return refusal(400, 'DumpType is wrong.')
        if (ActionType === 'Create') {
          made = await picture()
          return { status: 200, body: {} }
        }
        return made ? { body: made } : refusal(404, 'Nothing was made.')
      },
    }
  },
}
