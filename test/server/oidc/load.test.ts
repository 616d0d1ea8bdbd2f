import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { OidcError } from '../../../server/oidc/errors.ts'
import { loadOidc } from '../../../server/oidc/load.ts'

const SETTINGS = { issuer: 'https://login.test', clientId: 'landfall', scopes: [], claim: 'groups' }

function file(text: string): string {
  const path = join(mkdtempSync(join(tmpdir(), 'landfall-oidc-')), 'file')
  writeFileSync(path, text)
  return path
}

describe('settings of a provider', () => {
  it('take the secret without the end of its line', () => {
    expect(loadOidc({ ...SETTINGS, clientSecretFile: file(' s e c \n') })).toMatchObject({ secret: ' s e c ' })
    expect(loadOidc(SETTINGS)).toMatchObject({ secret: undefined, ca: undefined })
  })

  it.each([
    ['an absent secret', { clientSecretFile: '/nowhere' }, 'oidc.clientSecretFile'],
    ['an empty secret', { clientSecretFile: file('\n') }, 'is empty'],
    ['a CA that is none', { ca: file('hello') }, 'holds no certificate'],
  ])('refuse %s', (_, change, text) => {
    const load = () => loadOidc({ ...SETTINGS, ...change })
    expect(load).toThrowWithCode(OidcError, 'OIDC_SETTINGS')
    expect(load).toThrow(text)
  })
})
