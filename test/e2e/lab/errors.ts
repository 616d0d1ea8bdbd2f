// What can go wrong in the lab itself, as opposed to in the machine under test.

/** Why the lab gave up. Tests and the runner switch on it; people read the message. */
export type LabErrorCode =
  'UNAVAILABLE' | 'COMMAND_FAILED' | 'TIMED_OUT' | 'ENDED' | 'QMP_FAILED' | 'BAD_MACHINE' | 'BAD_DISK'

export class LabError extends Error {
  override readonly name = 'LabError'
  readonly code: LabErrorCode

  constructor(code: LabErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
