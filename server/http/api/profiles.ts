// Profiles: specs that machines share by label.
import { createRoute, OpenAPIHono } from '@hono/zod-openapi'
import { Profile } from '../../contract/machine.ts'
import type { HttpEnv } from '../context.ts'
import type { Services } from '../ports.ts'
import { refuseInvalid } from '../problem.ts'
import {
  body,
  changedMeanwhile,
  conflict,
  IdParameter,
  json,
  list,
  needs,
  notFound,
  nothing,
  refusals,
  RepeatHeader,
  repeated,
} from './operation.ts'
import { IfMatchHeader, IfNoneMatchHeader, isKnown, requireMatch, tag, unchanged } from './revisions.ts'

const tags = ['profiles']

const CreateProfile = Profile.omit({ id: true, revision: true }).strict().meta({ id: 'CreateProfile' })
/** No defaults here: what is absent stays as it is. */
const UpdateProfile = CreateProfile.extend({ priority: Profile.shape.priority.unwrap() })
  .partial()
  .meta({ id: 'UpdateProfile' })

const listProfiles = createRoute({
  method: 'get',
  path: '/profiles',
  tags,
  summary: 'All profiles, by name',
  ...needs('viewer', 'shared'),
  responses: { 200: json(list(Profile), 'profiles'), ...refusals },
})

const createProfile = createRoute({
  method: 'post',
  path: '/profiles',
  tags,
  summary: 'Add a profile',
  ...needs('operator', 'site', { repeatable: true }),
  request: { headers: RepeatHeader, body: body(CreateProfile) },
  responses: { 201: json(Profile, 'the profile'), ...refusals, ...repeated },
})

const getProfile = createRoute({
  method: 'get',
  path: '/profiles/{id}',
  tags,
  summary: 'One profile',
  ...needs('viewer', 'shared'),
  request: { params: IdParameter, headers: IfNoneMatchHeader },
  responses: { 200: json(Profile, 'the profile'), ...unchanged, ...refusals, ...notFound },
})

const updateProfile = createRoute({
  method: 'patch',
  path: '/profiles/{id}',
  tags,
  summary: "Change a profile; has effect with each machine's next install",
  ...needs('operator', 'site'),
  request: { params: IdParameter, headers: IfMatchHeader, body: body(UpdateProfile) },
  responses: { 200: json(Profile, 'the profile'), ...refusals, ...notFound, ...conflict, ...changedMeanwhile },
})

const deleteProfile = createRoute({
  method: 'delete',
  path: '/profiles/{id}',
  tags,
  summary: 'Remove a profile',
  ...needs('operator', 'site'),
  request: { params: IdParameter, headers: IfMatchHeader },
  responses: { 204: nothing, ...refusals, ...notFound, ...changedMeanwhile },
})

export function profileRoutes({ profiles }: Services): OpenAPIHono<HttpEnv> {
  const app = new OpenAPIHono<HttpEnv>({ defaultHook: refuseInvalid })
  app.openapi(listProfiles, (c) => c.json({ items: profiles.list() }, 200))
  app.openapi(createProfile, (c) => c.json(tag(c, profiles.create(c.req.valid('json'), c.var.caller.actor)), 201))
  app.openapi(getProfile, (c) => {
    const profile = profiles.get(c.req.valid('param').id)
    return isKnown(c, profile) ? c.body(null, 304) : c.json(profile, 200)
  })
  app.openapi(updateProfile, (c) => {
    const { id } = c.req.valid('param')
    requireMatch(c, profiles.get(id))
    return c.json(tag(c, profiles.update(id, given(c.req.valid('json')), c.var.caller.actor)), 200)
  })
  app.openapi(deleteProfile, (c) => {
    const { id } = c.req.valid('param')
    requireMatch(c, profiles.get(id))
    profiles.remove(id, c.var.caller.actor)
    return c.body(null, 204)
  })
  return app
}

/** The fields that were sent. Zod's types say `undefined` for those that were not; the core's say absent. */
function given<T extends object>(fields: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>
  }
}
