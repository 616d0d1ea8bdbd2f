// Works that belong together: all of them come to their end, or none.

/** Does works at the same time. The first to fail ends the others, and is what this throws when they have ended. */
export async function together(
  works: readonly ((signal: AbortSignal) => Promise<unknown>)[],
  signal?: AbortSignal,
): Promise<void> {
  const failed = new AbortController()
  const either = signal ? AbortSignal.any([signal, failed.signal]) : failed.signal
  await Promise.all(works.map((work) => work(either).catch((error: unknown) => failed.abort(error))))
  if (failed.signal.aborted) throw failed.signal.reason
}
