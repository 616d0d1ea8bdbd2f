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

/**
 * The system asks for a theme, as a person switches it. Resolves when the page has heard of it: a browser tells it at the beginning of a frame,
 * which on a busy machine is not the next one.
 */
export async function switchTheme(page: Page, colorScheme: 'dark' | 'light'): Promise<void> {
  await page.evaluate(LISTEN_FOR_THEME, colorScheme)
  await page.emulateMedia({ colorScheme })
  await page.evaluate('window.themeHeard')
}

/** In the page. Its own listeners are older than this one, and so they are called before it. */
const LISTEN_FOR_THEME = `(wanted) => {
  const query = matchMedia('(prefers-color-scheme: ' + wanted + ')')
  window.themeHeard = query.matches || new Promise((resolve) => query.addEventListener('change', () => resolve(), { once: true }))
}`

/** Resolves when the page looks as it will go on looking: theme and layout have followed the last change, pictures are there, and nothing moves that will stop. */
export async function atRest(page: Page): Promise<void> {
  await page.evaluate(AT_REST)
}

/** In the page, whose types tests do not have. */
const AT_REST = `(async () => {
  await Promise.allSettled([...document.images].map((image) => image.decode()))
  // Who listens to a media query hears of it at the beginning of a frame; and what it changes begins to move when styles are next computed, not before.
  for (let still = 0; still < 2; ) {
    await new Promise(requestAnimationFrame)
    document.documentElement.getBoundingClientRect()
    const moving = document.getAnimations().filter(({ effect }) => Number.isFinite(effect.getComputedTiming().endTime))
    still = moving.length === 0 ? still + 1 : 0
    await Promise.allSettled(moving.map(({ finished }) => finished))
  }
})()`

/** Of what a browser's console said, the page's own faults: neither a server that was away nor an answer that refuses something. */
export function ownErrors(messages: readonly string[]): string[] {
  return messages.filter(
    (message) => message.startsWith('uncaught') || /Content.Security.Policy|Warning:/i.test(message),
  )
}
