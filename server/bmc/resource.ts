// Reading what a Redfish service answers, which may be anything.

/** A resource of a service: an object of JSON. */
export type Resource = Readonly<Record<string, unknown>>

/** Undefined for what is no object. */
export function asResource(value: unknown): Resource | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Resource) : undefined
}

/** What is there below these names; undefined where one of them is not. */
export function valueAt(resource: unknown, ...names: string[]): unknown {
  let value = resource
  for (const name of names) {
    const inner = asResource(value)
    value = inner && Object.hasOwn(inner, name) ? inner[name] : undefined
  }
  return value
}

/** The same where it is a text. */
export function textAt(resource: unknown, ...names: string[]): string | undefined {
  const value = valueAt(resource, ...names)
  return typeof value === 'string' ? value : undefined
}

/** Where a link leads: DSP0266 has them as objects with this one member. */
export function linkAt(resource: unknown, ...names: string[]): string | undefined {
  return textAt(resource, ...names, '@odata.id')
}

/** The texts of a list; empty for what is none. */
export function textsAt(resource: unknown, ...names: string[]): string[] {
  const value = valueAt(resource, ...names)
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : []
}

/** Where the members of a resource collection of DSP0266 are. */
export function membersOf(collection: Resource): string[] {
  const members = valueAt(collection, 'Members')
  return Array.isArray(members) ? members.flatMap((member) => linkAt(member) ?? []) : []
}
