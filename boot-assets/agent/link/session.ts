// The agent's conversation with the server: registration, tasks, plans, events. A lost session is opened again.
import type { z } from 'zod'
import {
  EventsResponse,
  PlanResponse,
  RecoveryKeyResponse,
  RegisterResponse,
  Task,
} from '../../../server/contract/agent.ts'
import type { EventsRequest, RegisterRequest } from '../../../server/contract/agent.ts'
import type { StoragePlan } from '../../../server/contract/plan.ts'
import { retry } from './retry.ts'
import { ServerError } from './server.ts'
import type { CallOptions, Server } from './server.ts'

export interface SessionOptions {
  server: Server
  installToken: string
  /** Made anew for each registration, so that facts are fresh. Always the same bootId within one boot. */
  describe: () => Promise<RegisterRequest>
  /** Tells people that the server does not answer, and what it said. */
  onTrouble: (message: string, pauseMs: number) => void
  /** Called after each registration. */
  onRegistered?: (registration: RegisterResponse) => void
  /** Milliseconds before a call is tried again for the first time; doubled from then on. */
  firstPause?: number
}

/**
 * All calls wait out a server that is away or restarting. A call the server refuses for good rejects with ServerError;
 * a session it no longer knows is replaced by a new registration and the call repeated.
 */
export class Session {
  readonly #options: SessionOptions
  #registration: RegisterResponse | undefined
  #registering: Promise<RegisterResponse> | undefined

  constructor(options: SessionOptions) {
    this.#options = options
  }

  get registration(): RegisterResponse | undefined {
    return this.#registration
  }

  /** Bearer token of the moment; empty before the first registration. */
  get token(): string {
    return this.#registration?.session ?? ''
  }

  /** Registers, however long it takes. Calls at the same time share one registration. */
  register(): Promise<RegisterResponse> {
    this.#registering ??= this.#register().finally(() => {
      this.#registering = undefined
    })
    return this.#registering
  }

  /** Long poll: answers when there is something to do, or with `wait` after `waitSeconds`. */
  nextTask(waitSeconds: number, signal?: AbortSignal): Promise<Task> {
    const timeout = (waitSeconds + 15) * 1000
    return this.#call(Task, 'GET', `/agent/v1/task?wait=${waitSeconds}`, { timeout, signal })
  }

  sendPlan(installId: string, plan: StoragePlan, signal?: AbortSignal): Promise<PlanResponse> {
    return this.#call(PlanResponse, 'PUT', `/agent/v1/installs/${installId}/plan`, { body: plan, signal })
  }

  sendRecoveryKey(installId: string, key: string, signal?: AbortSignal): Promise<RecoveryKeyResponse> {
    const options = { body: { key }, signal }
    return this.#call(RecoveryKeyResponse, 'PUT', `/agent/v1/installs/${installId}/recovery-key`, options)
  }

  sendEvents(installId: string, request: EventsRequest): Promise<EventsResponse> {
    return this.#call(EventsResponse, 'POST', `/agent/v1/installs/${installId}/events`, { body: request })
  }

  async #register(): Promise<RegisterResponse> {
    const { server, installToken, describe, onRegistered } = this.#options
    this.#registration = await this.#patiently(async () => {
      const body = await describe()
      return RegisterResponse.parse(await server.json('POST', '/agent/v1/register', { body, token: installToken }))
    })
    onRegistered?.(this.#registration)
    return this.#registration
  }

  async #call<T>(schema: z.ZodType<T>, method: string, path: string, options: CallOptions): Promise<T> {
    return this.#patiently(async () => {
      const token = (this.#registration ?? (await this.register())).session
      try {
        return parse(schema, await this.#options.server.json(method, path, { ...options, token }), `${method} ${path}`)
      } catch (error) {
        if (!(error instanceof ServerError && error.code === 'UNAUTHORIZED')) throw error
        // Somebody else may have registered again while this call was under way.
        if (this.token === token) await this.register()
        return parse(
          schema,
          await this.#options.server.json(method, path, { ...options, token: this.token }),
          `${method} ${path}`,
        )
      }
    }, options.signal)
  }

  #patiently<T>(call: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    return retry(call, {
      again: (error) => error instanceof ServerError && error.temporary,
      onRetry: (error, pause) => this.#options.onTrouble((error as Error).message, pause),
      firstPause: this.#options.firstPause ?? 1000,
      signal,
    })
  }
}

function parse<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  throw new ServerError('MALFORMED', `${what}: the answer does not follow the agent protocol`, { cause: result.error })
}
