// What every page has to hold to, whoever opened it.
import { AxeBuilder } from '@axe-core/playwright'
import type { Page } from 'playwright-core'

/**
 * Rules of axe that the page breaks, each with the elements at fault and what is wrong with them: for a contrast, both colours and the ratio.
 * It is held against them at rest, as a colour that is on its way to another is none that anybody chose.
 */
export async function violationsOf(page: Page): Promise<string[]> {
  await atRest(page)
  const { violations } = await new AxeBuilder({ page }).analyze()
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, any, all, none }) => {
      const faults = [...any, ...all, ...none].map(({ message }) => message)
      return `${id}: ${html}: ${faults.join('; ')}`
    }),
  )
}

/** Resolves when the page looks as it will go on looking: theme and layout have followed the last change, pictures are there, and nothing moves that will stop. */
export async function atRest(page: Page): Promise<void> {
  await page.evaluate(AT_REST)
}

/** In the page, whose types tests do not have. */
const AT_REST = `(async () => {
  // Who listens to a media query hears of it at the beginning of a frame.
  await new Promise(requestAnimationFrame)
  await Promise.allSettled([...document.images].map((image) => image.decode()))
  const moving = () =>
    document.getAnimations().filter(({ effect }) => Number.isFinite(effect.getComputedTiming().endTime))
  for (let now = moving(); now.length > 0; now = moving()) {
    await Promise.allSettled(now.map(({ finished }) => finished))
  }
})()`

/** Of what a browser's console said, the page's own faults: neither a server that was away nor an answer that refuses something. */
export function ownErrors(messages: readonly string[]): string[] {
  return messages.filter(
    (message) => message.startsWith('uncaught') || /Content.Security.Policy|Warning:/i.test(message),
  )
}
