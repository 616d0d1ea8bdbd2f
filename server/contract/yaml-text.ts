// What JSON can say, as YAML for people to read and edit: block style, texts of several lines as they are, others quoted unless nothing
// could take them for something else.

const PLAIN = /^[A-Za-z_/][\w./-]*$/
/** Words that some version of YAML reads as a truth value or as nothing. */
const READ_OTHERWISE = /^(true|false|null|yes|no|on|off|y|n)$/i
/** Lines that an editor leaves as they are: nothing invisible, no blank where the text begins or a line ends, at most one end of line at the end. */
const LINES = /^[^\p{C}\p{Z}](?:[^\p{C}\p{Z}]|[ \t\n])*$/u
const FRAGILE = /[ \t](\n|$)|\n\n$/

/** Without a newline at its end. */
export function toYaml(value: unknown): string {
  // By way of JSON: what that leaves out or converts is the same in both.
  const plain = JSON.parse(JSON.stringify(value)) as unknown
  return (typeof plain === 'string' ? [scalar(plain)] : block(plain)).join('\n')
}

function block(value: unknown): string[] {
  if (Array.isArray(value) && value.length > 0) {
    return value.flatMap((item) => block(item).map((line, at) => (at === 0 ? `- ${line}` : `  ${line}`)))
  }
  if (typeof value === 'string' && value.includes('\n') && LINES.test(value) && !FRAGILE.test(value)) {
    return value.endsWith('\n') ? ['|', ...value.slice(0, -1).split('\n')] : ['|-', ...value.split('\n')]
  }
  if (typeof value !== 'object' || value === null || Object.keys(value).length === 0) return [scalar(value)]
  return Object.entries(value).flatMap(([key, inner]) => {
    const [first, ...rest] = block(inner)
    if (isNested(inner)) return [`${scalar(key)}:`, ...[first!, ...rest].map((line) => `  ${line}`)]
    return [`${scalar(key)}: ${first}`, ...rest.map((line) => (line === '' ? '' : `  ${line}`))]
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
