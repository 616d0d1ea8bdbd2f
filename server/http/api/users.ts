// Users: people who log in by name and password.
import { createRoute, OpenAPIHono } from '@hono/zod-openapi'
import { CreateUser, UpdateUser, User } from '../../contract/access.ts'
import type { HttpEnv } from '../context.ts'
import { note } from '../middleware/audited.ts'
import type { Services } from '../ports.ts'
import { refuseInvalid } from '../problem.ts'
import { body, conflict, IdParameter, json, list, needs, notFound, nothing, refusals } from './operation.ts'

const tags = ['access']

const listUsers = createRoute({
  method: 'get',
  path: '/users',
  tags,
  summary: 'All users, by name',
  ...needs('admin', 'site'),
  responses: { 200: json(list(User), 'users'), ...refusals },
})

const createUser = createRoute({
  method: 'post',
  path: '/users',
  tags,
  summary: 'Let somebody log in by name and password',
  ...needs('admin', 'site'),
  request: { body: body(CreateUser) },
  responses: { 201: json(User, 'the user'), ...refusals, ...conflict },
})

const getUser = createRoute({
  method: 'get',
  path: '/users/{id}',
  tags,
  summary: 'One user',
  ...needs('admin', 'site'),
  request: { params: IdParameter },
  responses: { 200: json(User, 'the user'), ...refusals, ...notFound },
})

const updateUser = createRoute({
  method: 'patch',
  path: '/users/{id}',
  tags,
  summary: 'Change what a user may do, set a password, or shut a user out; counts at once, in open sessions too',
  ...needs('admin', 'site'),
  request: { params: IdParameter, body: body(UpdateUser) },
  responses: { 200: json(User, 'the user'), ...refusals, ...notFound, ...conflict },
})

const deleteUser = createRoute({
  method: 'delete',
  path: '/users/{id}',
  tags,
  summary: 'Remove a user with all sessions',
  ...needs('admin', 'site'),
  request: { params: IdParameter },
  responses: { 204: nothing, ...refusals, ...notFound, ...conflict },
})

const endSessions = createRoute({
  method: 'delete',
  path: '/users/{id}/sessions',
  tags,
  summary: 'Sign a user out everywhere',
  ...needs('admin', 'site'),
  request: { params: IdParameter },
  responses: { 204: nothing, ...refusals, ...notFound },
})

export function userRoutes({ users }: Services): OpenAPIHono<HttpEnv> {
  const app = new OpenAPIHono<HttpEnv>({ defaultHook: refuseInvalid })
  app.openapi(listUsers, (c) => c.json({ items: users.list() }, 200))
  app.openapi(createUser, async (c) => {
    const user = await users.create(c.req.valid('json'), c.var.caller)
    note(c, `user ${user.name} ${user.id} with role ${user.role}`)
    return c.json(user, 201)
  })
  app.openapi(getUser, (c) => c.json(users.get(c.req.valid('param').id), 200))
  app.openapi(updateUser, async (c) => {
    const change = c.req.valid('json')
    const user = await users.update(c.req.valid('param').id, change, c.var.caller)
    note(c, `${Object.keys(change).join(', ')} of user ${user.name}`)
    return c.json(user, 200)
  })
  app.openapi(deleteUser, (c) => {
    const { id } = c.req.valid('param')
    const { name } = users.get(id)
    users.remove(id, c.var.caller)
    note(c, `user ${name}`)
    return c.body(null, 204)
  })
  app.openapi(endSessions, (c) => {
    users.endSessions(c.req.valid('param').id, c.var.caller)
    return c.body(null, 204)
  })
  return app
}
