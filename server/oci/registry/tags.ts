// end-8 of the distribution specification: the tags of a repository, in pages.
import type { Registry, RegistryContext } from './context.ts'
import { RegistryError } from './errors.ts'

/** GET. Without `n` all of them, in ASCII order. */
export function listTags(c: RegistryContext, { records }: Registry, repository: string): Response {
  const { n, last } = c.req.query()
  if (n !== undefined && !/^\d{1,9}$/.test(n)) {
    throw new RegistryError(400, 'UNSUPPORTED', `n=${n.slice(0, 50)}: want a whole number`)
  }
  const tags = records.tagsOf(repository)
  if (tags.length === 0 && !records.hasRepository(repository)) {
    throw new RegistryError(404, 'NAME_UNKNOWN', `there is no repository ${repository}`)
  }
  const rest = last === undefined ? tags : tags.filter((tag) => tag > last)
  const page = n === undefined ? rest : rest.slice(0, Number(n))
  if (page.length > 0 && page.length < rest.length) {
    const next = new URLSearchParams({ n: n!, last: page.at(-1)! })
    c.header('Link', `</v2/${repository}/tags/list?${next}>; rel="next"`)
  }
  return c.json({ name: repository, tags: page })
}
