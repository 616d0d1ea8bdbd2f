// Secrets inside longer texts: URLs, header dumps, kernel command lines.

const SECRETS = [
  /(\blandfall\.token=)[^\s"'\\]+/g,
  /(\bbearer\s+)[\w.~+/=-]+/gi,
  /([?&#](?:token|session|secret)=)[^\s"'&\\]+/g,
  /(\/\/[^\s/:@"]+:)[^\s/@"]+(?=@)/g,
]

/**
 * Blanks secrets that a text carries in one of the spellings Landfall uses.
 *
 * @example redactText('GET /login#token=abc') // 'GET /login#token=[redacted]'
 */
export function redactText(text: string): string {
  return SECRETS.reduce((result, pattern) => result.replace(pattern, '$1[redacted]'), text)
}
