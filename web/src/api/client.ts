// Calls of the API from the page: same origin, session cookie, problems as errors.

import type { Problem } from '../../../server/contract/system.ts'

/** What the server refused, in its own words. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly status: number
  /** Stable code, such as `IMAGE_NOT_FOUND`; `UNREACHABLE` when there was no answer. */
  readonly code: string
  readonly hint: string | undefined
  /** SHA-256 of a certificate that is not trusted. */
  readonly certificate: string | undefined

  constructor(status: number, code: string, message: string, hint?: string, certificate?: string) {
    super(message)
    this.status = status
    this.code = code
    this.hint = hint
    this.certificate = certificate
  }
}

/** True where the server does not know us: the session ended, or there never was one. */
export function isUnauthenticated(error: unknown): boolean {
  return error instanceof ApiError && error.status === 401
}

export type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE'

/** Calls `/api/v1<path>`; resolves with the answer's JSON, undefined when it has none. Throws ApiError. */
export async function call<Answer>(
  method: Method,
  path: string,
  body?: unknown,
  headers?: Record<string, string>,
): Promise<Answer> {
  const response = await request(method, path, body, headers)
  const text = await response.text()
  return (text === '' ? undefined : JSON.parse(text)) as Answer
}

/** Calls an operation that answers with one JSON object a line, and hands each to `onLine` as it comes. Throws ApiError. */
export async function operate<Line>(path: string, body: unknown, onLine: (line: Line) => void): Promise<void> {
  const response = await request('POST', path, body)
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
  let rest = ''
  for (;;) {
    const { done, value } = await reader.read().catch(() => {
      throw unreachable()
    })
    const lines = (rest + (value ?? '')).split('\n')
    rest = done ? '' : lines.pop()!
    for (const line of lines) if (line.trim() !== '') onLine(JSON.parse(line) as Line)
    if (done) return
  }
}

/** Made at once: calls take no more arguments than a stack has room for. */
const CHARACTERS = 2 ** 14

/** A picture that the server answered with. */
export interface Picture {
  /** `data:`, which the page's policy allows. */
  url: string
  /** Of a file with it: `png`. */
  extension: string
  takenAt: string
}

/** Fetches `/api/v1<path>`, a picture that says when it was made. Throws ApiError. */
export async function fetchPicture(path: string): Promise<Picture> {
  const response = await request('GET', path)
  const buffer = await response.arrayBuffer().catch(() => {
    throw unreachable()
  })
  const bytes = new Uint8Array(buffer)
  const type = response.headers.get('content-type') ?? ''
  let text = ''
  for (let at = 0; at < bytes.length; at += CHARACTERS) {
    text += String.fromCharCode(...bytes.subarray(at, at + CHARACTERS))
  }
  return {
    url: `data:${type};base64,${btoa(text)}`,
    extension: type.replace('image/', ''),
    takenAt: new Date(response.headers.get('last-modified') ?? Date.now()).toISOString(),
  }
}

/** For changes made of what was read before: refused if people have changed it since. */
export function ifUnchanged({ revision }: { revision: number }): Record<string, string> {
  return { 'if-match': `"${revision}"` }
}

async function request(
  method: Method,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Response> {
  let response: Response
  try {
    response = await fetch(`/api/v1${path}`, {
      method,
      headers: { ...headers, ...(body !== undefined && { 'content-type': 'application/json' }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
  } catch {
    throw unreachable()
  }
  if (response.ok) return response
  throw problemOf(response.status, await response.text())
}

/** There was no answer. */
export function unreachable(): ApiError {
  return new ApiError(
    0,
    'UNREACHABLE',
    'the server does not answer',
    'is it running, and is this machine on its network?',
  )
}

/** The error that an answer's body tells; also when something between us and the server answered in its place. */
export function problemOf(status: number, text: string): ApiError {
  try {
    const { code, detail, hint, certificate, errors } = JSON.parse(text) as Problem
    if (typeof code !== 'string') throw new TypeError('not a problem')
    const fields = (errors ?? []).map(({ path, message }) => `${path}: ${message}`)
    return new ApiError(status, code, [detail, ...fields].join('\n'), hint, certificate)
  } catch {
    return new ApiError(status, 'UNEXPECTED', `the server answered ${status}`)
  }
}
