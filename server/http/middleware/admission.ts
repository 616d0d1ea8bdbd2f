// May the caller do this: roles rank operations, scopes bound the machines they concern.
import type { MiddlewareHandler } from 'hono'
import { createMiddleware } from 'hono/factory'
import type { Role } from '../../contract/access.ts'
import { CoreError } from '../../core/errors.ts'
import { isWithin } from '../../core/scope.ts'
import type { Guard, HttpEnv } from '../context.ts'
import { HttpProblem } from '../problem.ts'

/**
 * What an operation concerns, and so what a scope means to it. `own`: the caller's session. `shared`: what all may see who may see anything,
 * like images. `site`: everything, so nobody with a scope. `machine`, `install`: the one that the path names, which is not there
 * for whoever may not reach it. `chosen`: machines that the request chooses; its handler leaves out those beyond the caller's scope.
 */
export const REACHES = ['own', 'shared', 'site', 'machine', 'install', 'chosen'] as const
export type Reach = (typeof REACHES)[number]

/** What each role may do is what it ranks above: an admin may do all an operator may. */
const RANK: Record<Role, number> = { join: -1, viewer: 0, operator: 1, admin: 2 }

/** Lets callers pass who have at least the role, and within whose scope the operation stays. After `authenticated`. */
export function admitted(role: Role, reach: Reach): MiddlewareHandler<HttpEnv> {
  return createMiddleware<HttpEnv>(async (c, next) => {
    const { caller, guard } = c.var
    if (RANK[caller.role] < RANK[role]) {
      throw new HttpProblem(403, 'FORBIDDEN', `${caller.name} is ${caller.role}; this needs ${role}`)
    }
    if (caller.scope !== null) {
      if (reach === 'site') {
        const hint = 'this concerns more than the machines of your scope: ask somebody without one'
        throw new HttpProblem(403, 'FORBIDDEN', `${caller.name} is ${caller.role} for some machines only`, { hint })
      }
      // As the schema of the parameter will read it.
      const id = c.req.param('id')?.toLowerCase()
      if (id !== undefined && (reach === 'machine' || reach === 'install')) {
        const labels = labelsOf(guard, reach, id)
        if (labels && !isWithin(labels, caller.scope)) throw unknown(reach, id)
      }
    }
    await next()
  })
}

function labelsOf(guard: Guard, reach: 'machine' | 'install', id: string) {
  const machineId = reach === 'machine' ? id : guard.machineOf(id)
  return machineId === undefined ? undefined : guard.labelsOf(machineId)
}

/** In the words of the core: whether it is there is not told. */
function unknown(reach: 'machine' | 'install', id: string): CoreError {
  return reach === 'machine'
    ? new CoreError('MACHINE_NOT_FOUND', `there is no machine ${id}`)
    : new CoreError('INSTALL_NOT_FOUND', `there is no install ${id}`)
}
