// Passwords, kept as what costs memory and time to guess from.
import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import { TooManyAttempts } from './login-guard.ts'

/** Parameters of scrypt (RFC 7914); `ln` is the logarithm of N. */
interface Cost {
  ln: number
  r: number
  p: number
}

/** One of the settings of OWASP's Password Storage Cheat Sheet: 32 MiB, and as slow to guess as its others. */
const COST: Cost = { ln: 15, r: 8, p: 3 }
const KEY_BYTES = 32
const SALT_BYTES = 16
/** Each takes a part of a second of one core, so a queue this long is no place to wait in. */
const MAX_WAITING = 20
/** By then most of them have had their turn. */
const RETRY_SECONDS = 5

const derive = promisify<string, Buffer, number, { N: number; r: number; p: number; maxmem: number }, Buffer>(scrypt)

/** As many passwords at a time as cost the server little: one. Throws TooManyAttempts when many are waiting. */
export class PasswordHasher {
  readonly #cost: Cost
  #last: Promise<unknown> = Promise.resolve()
  #waiting = 0

  constructor({ cost = COST }: { cost?: Cost } = {}) {
    this.#cost = cost
  }

  /** What to keep of a password, in the form `$scrypt$ln=15,r=8,p=3$salt$key`. */
  async hash(password: string): Promise<string> {
    const salt = randomBytes(SALT_BYTES)
    return format(salt, await this.#derive(password, salt, this.#cost), this.#cost)
  }

  /** Whether it is the password that `kept` was made of. Without `kept` no password is right, and finding that out takes as long. */
  async verify(password: string, kept: string | undefined): Promise<boolean> {
    const { salt, key, cost } = kept === undefined ? { ...NOBODYS, cost: this.#cost } : parse(kept)
    return timingSafeEqual(await this.#derive(password, salt, cost), key)
  }

  async #derive(password: string, salt: Buffer, { ln, r, p }: Cost): Promise<Buffer> {
    if (this.#waiting >= MAX_WAITING) {
      throw new TooManyAttempts('too many logins at a time', RETRY_SECONDS, 'then try again: nothing was counted')
    }
    this.#waiting++
    // Keyboards spell the same letters in several ways.
    const text = password.normalize('NFKC')
    const turn = this.#last.then(() => derive(text, salt, KEY_BYTES, { N: 2 ** ln, r, p, maxmem: 2 ** 27 }))
    this.#last = turn.catch(() => {})
    try {
      return await turn
    } finally {
      this.#waiting--
    }
  }
}

/** No password has this key, or nobody knows it. */
const NOBODYS = { salt: Buffer.alloc(SALT_BYTES), key: Buffer.alloc(KEY_BYTES) }

function format(salt: Buffer, key: Buffer, { ln, r, p }: Cost): string {
  return `$scrypt$ln=${ln},r=${r},p=${p}$${salt.toString('base64url')}$${key.toString('base64url')}`
}

function parse(kept: string): { salt: Buffer; key: Buffer; cost: Cost } {
  const [, ln, r, p, salt, key] = /^\$scrypt\$ln=(\d+),r=(\d+),p=(\d+)\$([\w-]+)\$([\w-]+)$/.exec(kept) ?? []
  if (key === undefined) throw new TypeError('not a kept password')
  const cost = { ln: Number(ln), r: Number(r), p: Number(p) }
  return { salt: Buffer.from(salt!, 'base64url'), key: Buffer.from(key, 'base64url'), cost }
}
