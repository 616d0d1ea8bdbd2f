// What can go wrong between a template and the text a machine runs.

export type RenderErrorCode =
  'TEMPLATE_UNKNOWN' | 'TEMPLATE_INVALID' | 'VARIABLE_UNKNOWN' | 'VALUE_UNSAFE' | 'TEMPLATES_UNREADABLE'

/** A template that cannot be rendered; `template` is its name below templates/. */
export class RenderError extends Error {
  override readonly name = 'RenderError'
  readonly code: RenderErrorCode
  readonly template: string | undefined

  constructor(code: RenderErrorCode, message: string, options: { cause?: unknown; template?: string } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.template = options.template
  }
}
