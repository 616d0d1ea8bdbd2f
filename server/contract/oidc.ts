// Who may do what, by what an OpenID provider says of them.
import { z } from 'zod'
import { Scope, UserRole } from './access.ts'

export const OidcRole = z.strictObject({
  value: z.string().min(1),
  role: UserRole,
  scope: Scope.optional(),
})
export type OidcRole = z.infer<typeof OidcRole>
