// What JSON can say, as YAML for people to read: block style, texts quoted unless nothing could take them for something else.

const PLAIN = /^[A-Za-z_/][\w./-]*$/
/** Words that some version of YAML reads as a truth value or as nothing. */
const READ_OTHERWISE = /^(true|false|null|yes|no|on|off|y|n)$/i

/** Without a newline at its end. */
export function toYaml(value: unknown): string {
  // By way of JSON: what that leaves out or converts is the same in both.
  return block(JSON.parse(JSON.stringify(value)) as unknown).join('\n')
}

function block(value: unknown): string[] {
  if (Array.isArray(value) && value.length > 0) {
    return value.flatMap((item) => block(item).map((line, at) => (at === 0 ? `- ${line}` : `  ${line}`)))
  }
  if (typeof value !== 'object' || value === null || Object.keys(value).length === 0) return [scalar(value)]
  return Object.entries(value).flatMap(([key, inner]) => {
    const lines = block(inner)
    if (isNested(inner)) return [`${scalar(key)}:`, ...lines.map((line) => `  ${line}`)]
    return [`${scalar(key)}: ${lines[0]}`]
  })
}

function isNested(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length > 0
}

/** A quoted text of JSON is one of YAML too. */
function scalar(value: unknown): string {
  const isPlain = typeof value === 'string' && PLAIN.test(value) && !READ_OTHERWISE.test(value)
  return isPlain ? value : JSON.stringify(value)
}
