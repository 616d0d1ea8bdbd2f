/** What is sent as it is: archives and media. */
export type Contents =
  Uint8Array<ArrayBuffer> | ArrayBuffer | Blob | ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>

export function isContents(body: unknown): body is Contents {
  return (
    body instanceof ReadableStream ||
    body instanceof Blob ||
    body instanceof ArrayBuffer ||
    ArrayBuffer.isView(body) ||
    (typeof body === 'object' && body !== null && Symbol.asyncIterator in body)
  )
}
