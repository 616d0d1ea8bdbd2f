// A problem as a page, where a browser goes by itself and no script of ours is there to show it.
import type { Context } from 'hono'
import { html } from 'hono/html'
import { problemResponse } from './problem.ts'
import type { Problem } from '../contract/system.ts'

/** The problem itself for whoever does not ask for a page. */
export async function problemPage(error: unknown, c: Context): Promise<Response> {
  const problem = problemResponse(error, c)
  if (!(c.req.header('accept') ?? '').includes('text/html')) return problem
  const { title, detail, hint, code, requestId } = (await problem.json()) as Problem
  problem.headers.set('Content-Type', 'text/html; charset=utf-8')
  const page = await html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <link rel="icon" href="/icon.svg" type="image/svg+xml" />
        <link rel="stylesheet" href="/problem.css" />
        <title>${title} · Landfall</title>
      </head>
      <body>
        <main>
          <h1>You are not logged in</h1>
          <p>${sentence(detail)}</p>
          ${hint === undefined ? '' : html`<p>Next: ${hint}.</p>`}
          <p><a href="/">Back to the login</a></p>
          <p><small>${code}${requestId === undefined ? '' : `, request ${requestId}`}</small></p>
        </main>
      </body>
    </html> `
  return new Response(String(page), { status: problem.status, headers: problem.headers })
}

function sentence(detail: string): string {
  return `${detail.slice(0, 1).toUpperCase()}${detail.slice(1)}.`
}
