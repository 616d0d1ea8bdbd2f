// Why a first configuration cannot be made, or not written.
import { CodedError } from '../contract/coded-error.ts'

export type SetupErrorCode =
  /** There is no interface of that name with an IPv4 address and a carrier. */
  | 'LINK_UNKNOWN'
  /** The network has no addresses to give beside the server's. */
  | 'NO_ROOM'
  /** The server would refuse these settings. */
  | 'SETTINGS_REFUSED'
  /** The settings stand where only whoever wrote them changes them. */
  | 'SET_ELSEWHERE'
  | 'FILE_EXISTS'
  | 'NOT_WRITABLE'

export class SetupError extends CodedError<SetupErrorCode> {
  override readonly name = 'SetupError'
}
