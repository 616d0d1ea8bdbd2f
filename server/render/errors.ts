// What can go wrong between a template and the text a machine runs.
import { CodedError } from '../contract/coded-error.ts'

export type RenderErrorCode =
  'TEMPLATE_UNKNOWN' | 'TEMPLATE_INVALID' | 'VARIABLE_UNKNOWN' | 'VALUE_UNSAFE' | 'TEMPLATES_UNREADABLE'

/** A template that cannot be rendered; `template` is its name below templates/. */
export class RenderError extends CodedError<RenderErrorCode> {
  override readonly name = 'RenderError'
  readonly template: string | undefined

  constructor(code: RenderErrorCode, message: string, options: { cause?: unknown; template?: string } = {}) {
    super(code, message, options)
    this.template = options.template
  }
}
