// Memory of what came over a connection, back at once.

/**
 * Frees the memory of a chunk that nobody looks at any more. V8 would, too, but only when 64 MB of such chunks have piled up in a thread, and then
 * by looking through all of the heap, over and over.
 */
export function freeChunk({ buffer, byteLength }: Uint8Array): void {
  // Somebody else may use what surrounds a part.
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0)
}
