// What the page asks and does about people, tokens and the audit trail, as hooks.

import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query'
import type {
  ApiToken,
  ChangePassword,
  CreatedToken,
  CreateToken,
  CreateUser,
  UpdateUser,
  User,
} from '../../../server/contract/access.ts'
import type { AuditEntry } from '../../../server/contract/audit.ts'
import { call } from './client.ts'
import { keys } from './keys.ts'
import { useChange } from './queries.ts'

interface Items<T> {
  items: T[]
}

/** Empty texts do not filter. */
export interface AuditSearch {
  actor: string
  target: string
  result: string
}

const ENTRIES = 100

export function useUsers() {
  return useQuery({ queryKey: keys.users, queryFn: async () => (await call<Items<User>>('GET', '/users')).items })
}

export function useCreateUser() {
  return useChange((user: CreateUser) => call<User>('POST', '/users', user), [keys.users])
}

export function useUpdateUser(id: string) {
  return useChange((change: UpdateUser) => call<User>('PATCH', `/users/${id}`, change), [keys.users])
}

export function useRemoveUser() {
  return useChange((id: string) => call('DELETE', `/users/${id}`), [keys.users])
}

export function useSignOutUser() {
  return useChange((id: string) => call('DELETE', `/users/${id}/sessions`), [keys.users])
}

export function useChangePassword() {
  return useChange((change: ChangePassword) => call('POST', '/session/password', change), [])
}

export function useTokens() {
  return useQuery({ queryKey: keys.tokens, queryFn: async () => (await call<Items<ApiToken>>('GET', '/tokens')).items })
}

export function useCreateToken() {
  return useChange((token: CreateToken) => call<CreatedToken>('POST', '/tokens', token), [keys.tokens])
}

export function useRevokeToken() {
  return useChange((id: string) => call('DELETE', `/tokens/${id}`), [keys.tokens])
}

/** Newest first; asked anew whenever it is looked at, since reading makes entries too. */
export function useAudit(search: AuditSearch) {
  return useInfiniteQuery({
    queryKey: [...keys.audit, search],
    queryFn: async ({ pageParam }) =>
      (await call<Items<AuditEntry>>('GET', `/audit?${auditQuery(search, pageParam)}`)).items,
    initialPageParam: 0,
    getNextPageParam: (page) => (page.length === ENTRIES ? page.at(-1)!.seq : undefined),
    placeholderData: keepPreviousData,
    refetchOnMount: 'always',
  })
}

function auditQuery(search: AuditSearch, before: number): URLSearchParams {
  const query = auditFilter(search)
  query.set('limit', String(ENTRIES))
  if (before > 0) query.set('before', String(before))
  return query
}

export function auditFilter(search: AuditSearch): URLSearchParams {
  return new URLSearchParams(Object.entries(search).filter(([, value]) => value !== ''))
}
