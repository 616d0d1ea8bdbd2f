// A server that speaks the agent protocol and serves blobs, over TLS with a CA of its own, and can misbehave on purpose.
import { createServer } from 'node:https'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ConfirmRequest, EventsRequest, RegisterRequest } from '../../server/contract/agent.ts'
import type { AgentEvent, PlanResponse, Task } from '../../server/contract/agent.ts'
import { StoragePlan } from '../../server/contract/plan.ts'
import { issueCaCertificate, issueServerCertificate } from '../../server/pki/certificate.ts'

const VALIDITY = { notBefore: new Date('2000-01-01'), notAfter: new Date('2100-01-01') }

/** What the fake does with a request: answer as usual, cut the connection before or after working, or refuse. */
export type Misbehaviour = 'none' | 'cut' | 'cut-after' | { status: number; code?: string }

export class FakeLandfall {
  readonly url: string
  readonly ca: string
  readonly registrations: RegisterRequest[] = []
  readonly plans: StoragePlan[] = []
  readonly confirmations: ConfirmRequest[] = []
  /** Events by number, each stored once. */
  readonly events = new Map<number, AgentEvent>()
  /** Every event request as it came: first and last number. */
  readonly batches: [number, number][] = []
  tasks: Task[] = []
  /** Sessions that are good. A registration replaces them. */
  session: string | undefined
  planResponse: PlanResponse = { go: true }
  cancelled = false
  misbehave: (path: string) => Misbehaviour = () => 'none'
  blob: (digest: string) => Buffer | undefined = () => undefined
  readonly #close: () => Promise<void>

  private constructor(url: string, ca: string, close: () => Promise<void>) {
    this.url = url
    this.ca = ca
    this.#close = close
  }

  /** `names` beside 127.0.0.1 that the certificate holds for. */
  static async start(names: readonly string[] = []): Promise<FakeLandfall> {
    const ca = await issueCaCertificate('Fake CA', VALIDITY)
    const { key, certificate } = await issueServerCertificate(ca, ['127.0.0.1', ...names], VALIDITY)
    const server = createServer({ key, cert: certificate }, (request, response) => void fake.#serve(request, response))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const fake: FakeLandfall = new FakeLandfall(
      `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
      ca.certificate,
      async () => {
        server.closeAllConnections()
        await new Promise((resolve) => server.close(resolve))
      },
    )
    return fake
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#close()
  }

  /** Stored events in the order of their numbers. */
  get eventList(): AgentEvent[] {
    return [...this.events].sort(([a], [b]) => a - b).map(([, event]) => event)
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = new URL(request.url ?? '/', this.url).pathname
    const misbehaviour = this.misbehave(path)
    if (misbehaviour === 'cut') return void request.socket.destroy()
    let body = ''
    for await (const chunk of request) body += chunk
    const { status, json, bytes } =
      typeof misbehaviour === 'object'
        ? { status: misbehaviour.status, json: { code: misbehaviour.code, detail: 'as the test wants' } }
        : this.#answer(request, path, body === '' ? undefined : JSON.parse(body))
    if (misbehaviour === 'cut-after') return void request.socket.destroy()
    const content = bytes ?? Buffer.from(json === undefined ? '' : JSON.stringify(json))
    // Said outright: Node adds it to no answer of HEAD.
    response.writeHead(status, { 'content-type': 'application/json', 'content-length': content.length })
    response.end(content)
  }

  #answer(
    request: IncomingMessage,
    path: string,
    body: unknown,
  ): { status: number; json?: unknown; bytes?: Buffer | undefined } {
    const [, digest] = /^\/v2\/.+\/(?:manifests|blobs)\/(sha256:[0-9a-f]+)$/.exec(path) ?? []
    if (digest !== undefined) {
      const bytes = this.blob(digest)
      return bytes === undefined ? { status: 404 } : { status: 200, bytes }
    }
    if (path === '/agent/v1/register') {
      if (request.headers.authorization !== 'Bearer install-token') return { status: 401 }
      this.registrations.push(RegisterRequest.parse(body))
      this.session = `session-${this.registrations.length}`
      const machineId = '01890000-0000-7000-8000-000000000001'
      return { status: 200, json: { machineId, machineName: 'web1', session: this.session, serverName: 'fake' } }
    }
    if (path === '/agent/v1/confirm') {
      if (request.headers.authorization !== 'Bearer confirm-token') return { status: 401 }
      this.confirmations.push(ConfirmRequest.parse(body))
      return { status: 204 }
    }
    if (request.headers.authorization !== `Bearer ${this.session}`)
      return { status: 401, json: { code: 'UNAUTHORIZED' } }
    if (path === '/agent/v1/task') {
      return {
        status: 200,
        json: this.tasks.shift() ?? { type: 'wait', message: 'Waiting for an image to be assigned' },
      }
    }
    if (path.endsWith('/plan')) {
      this.plans.push(StoragePlan.parse(body))
      return { status: 200, json: this.planResponse }
    }
    if (path.endsWith('/events')) return { status: 200, json: this.#store(EventsRequest.parse(body)) }
    return { status: 404 }
  }

  #store({ events }: EventsRequest): { acknowledged: number; cancelled: boolean } {
    this.batches.push([events[0]!.seq, events.at(-1)!.seq])
    for (const { seq, event } of events) if (!this.events.has(seq)) this.events.set(seq, event)
    let acknowledged = 0
    while (this.events.has(acknowledged + 1)) acknowledged += 1
    return { acknowledged, cancelled: this.cancelled }
  }
}
