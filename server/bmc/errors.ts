// How a management controller can fail to give a picture.
import { CodedError } from '../contract/coded-error.ts'

export type BmcErrorCode =
  | 'BMC_NOT_SET'
  /** Where it is said to be, the server connects to nothing. */
  | 'BMC_ADDRESS_REFUSED'
  | 'BMC_UNREACHABLE'
  /** No CA that is known signed its certificate, and nobody has confirmed it. */
  | 'BMC_CERTIFICATE_UNKNOWN'
  /** It is not the one that was confirmed. */
  | 'BMC_CERTIFICATE_CHANGED'
  | 'BMC_LOGIN_REFUSED'
  /** Its user may log in, but not do this. */
  | 'BMC_NOT_ALLOWED'
  /** It answers, but not as Redfish says, or with no picture. */
  | 'BMC_INVALID'
  /** It refused in its own words. */
  | 'BMC_REFUSED'
  /** It is that of several computers, and none is this machine. */
  | 'BMC_OTHER_MACHINE'
  | 'BMC_POWERED_OFF'
  /** It has no operation for it that is known. */
  | 'BMC_NO_PICTURE'
  | 'BMC_BUSY'

/** Its message and hint are for people; neither they nor a cause hold the password. */
export class BmcError extends CodedError<BmcErrorCode> {
  override readonly name = 'BmcError'
  /** SHA-256, hex, of the certificate that was shown, where that is what is wrong. */
  readonly certificate: string | undefined

  constructor(
    code: BmcErrorCode,
    message: string,
    { certificate, ...options }: { hint?: string | undefined; cause?: unknown; certificate?: string } = {},
  ) {
    super(code, message, options)
    this.certificate = certificate
  }
}
