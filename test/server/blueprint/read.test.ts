import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BlueprintError } from '../../../server/blueprint/errors.ts'
import { readBlueprint, syntaxOf } from '../../../server/blueprint/read.ts'

const GIB = 2 ** 30
const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA me@example'

/** The one example of the format's own manual that has a bit of everything, shortened. */
const MANUAL = `
[[customizations.user]]
name = "alice"
password = "bob"
key = "${KEY}"
groups = ["wheel"]

[customizations.kernel]
append = "console=ttyS0 quiet"

[[customizations.filesystem]]
mountpoint = "/"
minsize = "10 GiB"

[[customizations.filesystem]]
mountpoint = "/boot"
size = 1073741824

[customizations.installer.kickstart]
contents = """
text --non-interactive
"""
`

const refusal = (source: string, syntax: 'toml' | 'json' = 'toml') => {
  try {
    readBlueprint(source, syntax)
  } catch (error) {
    if (error instanceof BlueprintError) return `${error.code} ${error.message}`
    throw error
  }
  return 'accepted'
}

describe('readBlueprint', () => {
  it('reads TOML as the manual writes it', () => {
    const { customizations } = readBlueprint(MANUAL, 'toml')
    expect(customizations?.filesystem).toEqual([
      { mountpoint: '/', minsize: 10 * GIB },
      { mountpoint: '/boot', minsize: GIB },
    ])
    expect(customizations?.user?.[0]).toMatchObject({ name: 'alice', key: [KEY] })
  })

  it('reads JSON, and the wrapper of older tools', () => {
    const plain = { customizations: { user: [{ name: 'alice' }], fips: true } }
    const expected = readBlueprint(JSON.stringify(plain), 'json')
    expect(expected.customizations?.fips).toBe(true)
    expect(readBlueprint(JSON.stringify({ blueprint: plain }), 'json')).toEqual(expected)
  })

  it('takes the syntax from the name', () => {
    expect(['config.toml', 'x/config.JSON', 'blueprint'].map(syntaxOf)).toEqual(['toml', 'json', 'toml'])
  })

  it.each([
    ['[[customizations.user]]\nnam = "x"\nname = "x"', 'UNKNOWN_KEY customizations.user[0].nam: no such key'],
    ['colour = "red"', 'UNKNOWN_KEY colour: no such key'],
    [
      '[customizations.disk]\n[[customizations.disk.partitions]]\nsize = 1',
      'UNKNOWN_KEY customizations.disk.partitions[0].size: no such key',
    ],
    ['[[customizations.user]]\nkey = "x"', 'INVALID_VALUE customizations.user[0].name: '],
    ['[[customizations.user]]\nname = "Bad Name"', 'INVALID_VALUE customizations.user[0].name: must be a Linux user'],
    [
      '[[customizations.user]]\nname = "a"\nkey = "not a key"',
      'INVALID_VALUE customizations.user[0].key[0]: must be one OpenSSH',
    ],
    [
      '[[customizations.user]]\nname = "a"\npassword = "$1$abc$def"',
      'INVALID_VALUE customizations.user[0].password: is a hash of another kind',
    ],
    [
      '[[customizations.user]]\nname = "a"\npassword = "a\\nb"',
      'INVALID_VALUE customizations.user[0].password: must be one line',
    ],
    [
      '[[customizations.filesystem]]\nmountpoint = "/"\nminsize = "10 parsec"',
      'INVALID_VALUE customizations.filesystem[0].minsize: must be bytes',
    ],
    [
      '[[customizations.filesystem]]\nmountpoint = "/"',
      'INVALID_VALUE customizations.filesystem[0].minsize: is needed',
    ],
    [
      '[[customizations.filesystem]]\nmountpoint = "/"\nminsize = 1\nsize = 1',
      'INVALID_VALUE customizations.filesystem[0].minsize: is needed, and only once',
    ],
    [
      '[[customizations.filesystem]]\nmountpoint = "boot"\nminsize = 1',
      'INVALID_VALUE customizations.filesystem[0].mountpoint: must be an absolute',
    ],
    [
      '[[customizations.files]]\npath = "/etc/../usr/bin/x"',
      'INVALID_VALUE customizations.files[0].path: must not hold . or ..',
    ],
    [
      '[[customizations.files]]\npath = "/usr/bin/x"',
      'INVALID_VALUE customizations.files[0].path: must lie below /etc',
    ],
    [
      '[[customizations.files]]\npath = "/etc/shadow"',
      'INVALID_VALUE customizations.files[0].path: cannot be replaced',
    ],
    [
      '[[customizations.files]]\npath = "/etc/x"\nmode = "rw"',
      'INVALID_VALUE customizations.files[0].mode: must be octal',
    ],
    ['[[customizations.files]]\npath = "/etc/x"\nmode = 420', 'INVALID_VALUE customizations.files[0].mode: '],
    [
      '[[customizations.directories]]\npath = "/var/x"',
      'INVALID_VALUE customizations.directories[0].path: must lie below /etc',
    ],
    ['[customizations.iso]\nvolume_id = "a b"', 'INVALID_VALUE customizations.iso.volume_id: must be letters'],
    ['[customizations]\nhostname = "-"', 'INVALID_VALUE customizations.hostname: must be a host name'],
    [
      '[customizations]\ndisk = {}\n[[customizations.filesystem]]\nmountpoint = "/"\nminsize = 1',
      'CONTRADICTION customizations.disk and customizations.filesystem exclude',
    ],
    ['x = ', 'SYNTAX line 1: '],
  ])('refuses %j', (source, expected) => {
    expect(refusal(source)).toContain(expected)
  })

  it('refuses what is not JSON', () => {
    expect(refusal('{', 'json')).toMatch(/^SYNTAX not JSON: /)
    expect(refusal('[]', 'json')).toMatch(/^INVALID_VALUE /)
    expect(refusal('null', 'json')).toMatch(/^INVALID_VALUE /)
  })

  it('answers garbage with a refusal, never with another error', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (source) => void refusal(source)))
    fc.assert(fc.property(fc.json(), (source) => void refusal(source, 'json')))
    const keys = ['user', 'disk', 'filesystem', 'files', 'firewall', 'installer', 'fdo', 'kernel', '__proto__']
    const customizations = fc.dictionary(fc.constantFrom(...keys), fc.jsonValue())
    fc.assert(fc.property(customizations, (value) => void refusal(JSON.stringify({ customizations: value }), 'json')))
  })
})
