// A public key for tests that read keys without gpg: `gpg --quick-generate-key 'Landfall fixture <...>' ed25519 sign never`, then `--armor --export`.

export const GPG_KEY = {
  fingerprint: '22268B1337DD4A1C2BDA6A9CBC1A0CA78667040A',
  armored: `-----BEGIN PGP PUBLIC KEY BLOCK-----

mDMEawIyURYJKwYBBAHaRw8BAQdAHr3YoMUyFXXM0IVAL3LUCglhA+vP643f/Cwz
VNx9jeK0K0xhbmRmYWxsIGZpeHR1cmUgPGZpeHR1cmVAbGFuZGZhbGwuZXhhbXBs
ZT6IkAQTFggAOBYhBCImixM33UocK9pqnLwaDKeGZwQKBQJrAjJRAhsDBQsJCAcC
BhUKCQgLAgQWAgMBAh4BAheAAAoJELwaDKeGZwQKg58BAPru+WKCzCNnncJaRuf0
PkfYgx4tt/8/f1eO3yX8skjEAP9Pp7VyWO+h5ISK5rZ/0WAwjhJtJOPUW1ZCBMIc
uyAkAw==
=bxlb
-----END PGP PUBLIC KEY BLOCK-----
`,
}
