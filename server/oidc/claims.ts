// Reading what a provider says of somebody.

export type Claims = Readonly<Record<string, unknown>>

/** A claim's texts: one, or a list. `realm_access.roles` is that very claim, else the part `roles` of the claim `realm_access`. */
export function claimValues(claims: Claims, name: string): string[] {
  const value = Object.hasOwn(claims, name) ? claims[name] : name.split('.').reduce(part, claims as unknown)
  return (Array.isArray(value) ? value : [value]).filter((one) => typeof one === 'string')
}

/** What people call somebody; the subject when the provider does not say. */
export function shownName(claims: Claims, subject: string): string {
  const named = [claims['preferred_username'], claims['email'], claims['name']]
  return named.find((name): name is string => typeof name === 'string' && name !== '') ?? subject
}

function part(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key)
    ? (value as Record<string, unknown>)[key]
    : undefined
}
