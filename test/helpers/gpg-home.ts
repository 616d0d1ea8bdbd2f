// Somebody with an OpenPGP key, by the real gpg in a home of its own.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export class GpgHome implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'landfall-signer-'))
  readonly fingerprint: string
  readonly #clock: readonly string[]

  /** `clock`: what time it is for this person whenever they do something, such as `20250601T000000`; otherwise it is now. */
  constructor(name = 'signer', clock?: string) {
    this.#clock = clock === undefined ? [] : ['--faked-system-time', clock]
    this.run(['--quick-generate-key', `${name} <${name}@landfall.example>`, 'ed25519', 'sign', 'never'])
    const listed = this.run(['--list-keys', '--with-colons']).toString()
    this.fingerprint = /^fpr:+([0-9A-F]+):/m.exec(listed)![1]!
  }

  [Symbol.dispose](): void {
    execFileSync('gpgconf', ['--homedir', this.path, '--kill', 'all'])
    rmSync(this.path, { recursive: true, force: true })
  }

  /** The public key, as it is now. */
  get armored(): string {
    return this.run(['--armor', '--export']).toString()
  }

  /** As containers/image does: a signed message that holds what is signed. */
  sign(text: string | Buffer, ...options: string[]): Buffer {
    return this.run([...options, '--sign'], text)
  }

  run(args: readonly string[], input: string | Buffer = ''): Buffer {
    const common = ['--homedir', this.path, '--batch', '--yes', '--quiet', '--pinentry-mode', 'loopback']
    return execFileSync('gpg', [...common, ...this.#clock, '--passphrase', '', ...args], {
      input,
      stdio: ['pipe', 'pipe', 'ignore'],
    })
  }
}
