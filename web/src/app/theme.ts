// Light or dark, as the system wants.

const DARK_CLASS = 'pf-v6-theme-dark'

/** Keeps PatternFly's theme in step with the system's setting. */
export function followSystemTheme(): void {
  const dark = window.matchMedia('(prefers-color-scheme: dark)')
  const apply = (): void => void document.documentElement.classList.toggle(DARK_CLASS, dark.matches)
  apply()
  dark.addEventListener('change', apply)
}
