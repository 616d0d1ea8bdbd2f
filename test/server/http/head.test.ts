import { describe, expect, it } from 'vitest'
import { testServer } from './support.ts'

describe('HEAD of an operation', () => {
  it('is answered as GET is, and what would have been streamed ends', async () => {
    const { call, eventStreams } = await testServer()
    const response = await call('HEAD', '/api/v1/events')
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/event-stream'])
    expect(response.body).toBeNull()
    expect(eventStreams()).toBe(0)
  })

  it('is reading: the audit trail has nothing of it, but for what is secret', async () => {
    const { call, audit } = await testServer()
    expect((await call('HEAD', '/api/v1/machines')).status).toBe(200)
    expect(audit.recent({ limit: 10 })).toEqual([])
    await call('HEAD', '/api/v1/audit/export')
    expect(audit.recent({ limit: 10 })).toMatchObject([{ action: 'HEAD /audit/export', result: 'done' }])
  })
})
