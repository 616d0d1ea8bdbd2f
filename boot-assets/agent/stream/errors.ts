// What can go wrong between a blob's bytes and the entries of its tar archive.
import { CodedError } from '../../../server/contract/coded-error.ts'

export type StreamErrorCode =
  /** Compressed bytes don't hash to the descriptor's digest. */
  | 'DIGEST_MISMATCH'
  /** The blob is shorter or longer than its descriptor says. */
  | 'SIZE_MISMATCH'
  /** Uncompressed bytes don't hash to the configuration's diff-id. */
  | 'DIFFID_MISMATCH'
  /** The server could not be reached, or kept breaking off, for too long. */
  | 'FETCH_FAILED'
  /** The server answered and said no. */
  | 'FETCH_REFUSED'
  /** A file is absent, unreadable or too short. */
  | 'READ_FAILED'
  /** Uncompressed, the layer grows beyond all that an honest one does. */
  | 'LAYER_BOMB'
  | 'COMPRESSION_UNSUPPORTED'
  | 'COMPRESSION_INVALID'
  | 'TAR_TRUNCATED'
  | 'TAR_INVALID'
  /** A header larger than any honest archive has. */
  | 'TAR_LIMIT'
  /** Valid tar, but of a kind no image layer uses: sparse files, multiple volumes. */
  | 'TAR_UNSUPPORTED'
  | 'ABORTED'

/** An error of the byte pipeline; `code` is stable. */
export class StreamError extends CodedError<StreamErrorCode> {
  override readonly name = 'StreamError'
}
