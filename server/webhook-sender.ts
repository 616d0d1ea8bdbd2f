// Webhooks over HTTP: one request, no redirects, and nothing of the answer is read but its status.
import type { WebhookSender } from './core/webhooks.ts'

const TIMEOUT_MS = 15_000

export const sendWebhook: WebhookSender = async (url, { headers, body, signal }) => {
  const answer = await fetch(url, {
    method: 'POST',
    headers,
    body,
    // What is signed is meant for one receiver.
    redirect: 'manual',
    signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
  }).catch((cause: unknown) => {
    throw new Error(`posting to ${new URL(url).origin}: ${reasonOf(cause)}`, { cause })
  })
  await answer.body?.cancel()
  return answer.status
}

/** `fetch failed` says nothing; its cause does. */
function reasonOf(error: unknown): string {
  const { message, cause } = error as Error
  return cause instanceof Error ? cause.message : message
}
