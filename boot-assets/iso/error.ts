// What can go wrong when an ISO is made.

export type IsoErrorCode =
  /** No such image, or none by that name in the layout. */
  | 'IMAGE_UNKNOWN'
  /** An image that this medium could not install: not bootable, for other machines, or damaged. */
  | 'IMAGE_UNUSABLE'
  /** The options or the files given with them make no sense. */
  | 'INPUT_INVALID'
  /** Too little space where the ISO goes. */
  | 'NO_SPACE'
  /** The folder or file of the ISO cannot be written. */
  | 'OUTPUT_UNWRITABLE'
  /** A program that makes the ISO failed. */
  | 'TOOL_FAILED'

export class IsoError extends Error {
  override name = 'IsoError'
  readonly code: IsoErrorCode
  readonly hint: string | undefined
  constructor(code: IsoErrorCode, message: string, options: ErrorOptions & { hint?: string } = {}) {
    super(message, options)
    this.code = code
    this.hint = options.hint
  }
}
