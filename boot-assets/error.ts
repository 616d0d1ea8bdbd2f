// What can go wrong when the installer image or the loaders are made.

export type BootAssetErrorCode =
  /** A program, file or module the image needs is not where the packages should have it. */
  | 'CONTENT_MISSING'
  /** The agent does not bundle. */
  | 'AGENT_BUNDLE'
  /** The result is larger than what loaders and small machines take. */
  | 'TOO_LARGE'

export class BootAssetError extends Error {
  override name = 'BootAssetError'
  readonly code: BootAssetErrorCode
  constructor(code: BootAssetErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
