// Patterns that name repositories: `os/web` is one, `os/*` those one level below, `os/**` all below, `**` all.

/** @example matchesRepository('os/*', 'os/web') // true */
export function matchesRepository(pattern: string, repository: string): boolean {
  const expression = pattern
    .split(/(\*\*|\*)/)
    .map((part) => (part === '**' ? '.*' : part === '*' ? '[^/]*' : part.replace(/[.\\+?^${}()|[\]]/g, '\\$&')))
    .join('')
  return new RegExp(`^${expression}$`).test(repository)
}
