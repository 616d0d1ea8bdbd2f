// What every page has to hold to, whoever opened it.
import { AxeBuilder } from '@axe-core/playwright'
import type { Page } from 'playwright-core'

/** Rules of axe that the page breaks as it is now, with the elements at fault. */
export async function violationsOf(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).analyze()
  return violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ html }) => html).join(' ')}`)
}

/** Of what a browser's console said, the page's own faults: neither a server that was away nor an answer that refuses something. */
export function ownErrors(messages: readonly string[]): string[] {
  return messages.filter(
    (message) => message.startsWith('uncaught') || /Content.Security.Policy|Warning:/i.test(message),
  )
}
