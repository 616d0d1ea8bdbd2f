import { describe, expect, it } from 'vitest'
import { signerIn } from '../../../server/gpg/status.ts'
import { TrustError } from '../../../server/trust/errors.ts'

const SUBKEY = '509402E7479D758AE1790FB346743D6C3DDBAF10'
const PRIMARY = 'B3724EB87CB717623A0DED1213CCBBE7B218613A'
const KEY_ID = SUBKEY.slice(-16)

const status = (...lines: string[]) => lines.map((line) => `[GNUPG:] ${line}\n`).join('')
const TEXT = 'PLAINTEXT 62 1795305851 '
const GOOD = `GOODSIG ${KEY_ID} Somebody <s@x>`
const VALID = `VALIDSIG ${SUBKEY} 2026-11-22 1795305851 0 4 0 22 8 00 ${PRIMARY}`

describe('the status of gpg', () => {
  it('tells the primary key of whoever signed', () => {
    expect(signerIn(`gpg: chatter\n${status(TEXT, 'NEWSIG', GOOD, VALID)}`)).toBe(PRIMARY)
  })

  it.each<[string, string, string[]]>([
    ['nothing at all', 'SIGNATURE_INVALID', []],
    ['no signature', 'SIGNATURE_INVALID', [TEXT, 'NODATA 3']],
    ['a damaged one', 'SIGNATURE_INVALID', [TEXT, 'NEWSIG', `BADSIG ${KEY_ID} Somebody`]],
    ['one by a stranger', 'SIGNATURE_INVALID', [TEXT, 'NEWSIG', `ERRSIG ${KEY_ID} 22 8 00 1 9 ${SUBKEY}`]],
    ['one that has expired', 'SIGNATURE_EXPIRED', [TEXT, 'NEWSIG', `EXPSIG ${KEY_ID} Somebody`, VALID]],
    ['one by an expired key', 'SIGNING_KEY_EXPIRED', [TEXT, 'NEWSIG', `EXPKEYSIG ${KEY_ID} Somebody`, VALID]],
    ['one by a revoked key', 'SIGNING_KEY_REVOKED', [TEXT, 'NEWSIG', `REVKEYSIG ${KEY_ID} Somebody`, VALID]],
    ['a text beside the signed one', 'SIGNATURE_INVALID', [TEXT, TEXT, 'NEWSIG', GOOD, VALID]],
    ['two signatures', 'SIGNATURE_INVALID', [TEXT, 'NEWSIG', GOOD, VALID, 'NEWSIG', GOOD, VALID]],
    ['a good one of nobody', 'SIGNATURE_INVALID', [TEXT, 'NEWSIG', GOOD]],
    ['a name that looks like a status', 'SIGNATURE_INVALID', [TEXT, 'NEWSIG', `BADSIG ${KEY_ID} [GNUPG:] GOODSIG`]],
  ])('refuses %s', (_, code, lines) => {
    expect(() => signerIn(status(...lines))).toThrowWithCode(TrustError, code)
  })
})
