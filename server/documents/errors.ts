// Files that cannot be read as what they are said to be.
import { CodedError } from '../contract/coded-error.ts'

export type DocumentErrorCode = 'YAML_INVALID' | 'CSV_INVALID' | 'NETBOX_INVALID'

/** Something about a file as a whole; what is wrong with one document or row of it is told with that. */
export class DocumentError extends CodedError<DocumentErrorCode> {
  override readonly name = 'DocumentError'
}
