import { describe, expect, it } from 'vitest'
import { passwordsOf, withPasswords } from '../../../boot-assets/agent/deployment/passwords.ts'

const SHADOW = 'root:*:20000:0:99999:7:::\ndaemon:*:20000:0:99999:7:::\n'

describe('passwordsOf', () => {
  it('are those of root and of users that have one', () => {
    const users = [
      { name: 'ada', sshKeys: [], groups: [], password: '$6$a' },
      { name: 'bob', sshKeys: [], groups: [] },
    ]
    expect([...passwordsOf({ rootPassword: '$y$r', users })]).toEqual([
      ['root', '$y$r'],
      ['ada', '$6$a'],
    ])
    expect(passwordsOf({ users: [] }).size).toBe(0)
  })
})

describe('withPasswords', () => {
  it('replaces the hash of an account and nothing else', () => {
    expect(withPasswords(SHADOW, new Map([['root', '$6$s$h']]))).toBe(SHADOW.replace('root:*', 'root:$6$s$h'))
  })

  it('adds a line for an account that is not there yet', () => {
    expect(withPasswords(SHADOW, new Map([['ada', '$6$s$h']]))).toBe(`${SHADOW}ada:$6$s$h:::::::\n`)
    expect(withPasswords('', new Map([['ada', 'x']]))).toBe('ada:x:::::::\n')
  })

  it('is the same a second time', () => {
    const passwords = new Map([
      ['root', 'r'],
      ['ada', 'a'],
    ])
    const once = withPasswords(SHADOW, passwords)
    expect(withPasswords(once, passwords)).toBe(once)
  })

  it('takes no name for a part of another', () => {
    expect(withPasswords('rootless:!:1\n', new Map([['root', 'x']]))).toBe('rootless:!:1\nroot:x:::::::\n')
  })
})
