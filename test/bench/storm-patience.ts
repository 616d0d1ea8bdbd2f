// How the machines of a storm wait: each program for as long as it was seen to, then it asks again.

/** Messages sent again for want of an answer, of all machines together. */
export const patience = { retries: 0 }

/**
 * Asks until there is an answer. `waits` are milliseconds; rejects after the last of them, when the program would give up.
 *
 * @example await answered('the size', [4000, 4000], () => socket.send(request), (take) => socket.once('message', take))
 */
export function answered<T>(
  what: string,
  waits: readonly number[],
  ask: () => void,
  onAnswer: (take: (answer: T) => void) => void,
): Promise<T> {
  return new Promise((resolve, reject) => {
    let timer: NodeJS.Timeout
    const attempt = (at: number): void => {
      if (at === waits.length) return reject(new Error(`no answer to ${what}`))
      if (at > 0) patience.retries++
      timer = setTimeout(() => attempt(at + 1), waits[at])
      ask()
    }
    onAnswer((answer) => {
      clearTimeout(timer)
      resolve(answer)
    })
    attempt(0)
  })
}
