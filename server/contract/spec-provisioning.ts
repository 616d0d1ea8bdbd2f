// What is handed through to services of the image that configure a system by themselves: cloud-init, Ignition, systemd.
import { z } from 'zod'

const MAX_TEXT = 256 * 2 ** 10

/** The data source NoCloud, for images with cloud-init. */
export const CloudInit = z.strictObject({
  /** `#cloud-config` or a script. A secret: it usually holds some. */
  userData: z
    .string()
    .max(MAX_TEXT)
    .regex(/^(\*{8}$|#|Content-Type:|MIME-Version:|From )/, 'must begin with #cloud-config, #! or a MIME header'),
  /** Network configuration of cloud-init, version 1 or 2, YAML. A secret. Without it `network` of the spec counts. */
  networkConfig: z.string().max(MAX_TEXT).optional(),
})
export type CloudInit = z.infer<typeof CloudInit>

/** A configuration of Ignition, for images whose initramfs has it. JSON; a secret. */
export const Ignition = z
  .string()
  .max(MAX_TEXT)
  .refine((text) => /^\*{8}$/.test(text) || hasIgnitionVersion(text), 'must be JSON with ignition.version, not Butane')

function hasIgnitionVersion(text: string): boolean {
  try {
    const { ignition } = JSON.parse(text) as { ignition?: { version?: unknown } }
    return typeof ignition?.version === 'string'
  } catch {
    return false
  }
}

/** Credentials of systemd, which units load by `LoadCredential=` or `ImportCredential=`. */
export const SystemdCredentials = z
  .array(
    z.strictObject({
      name: z
        .string()
        .regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,254}$/, 'must be the name of a credential, like app.password'),
      /** A secret. */
      value: z.string().max(64 * 2 ** 10),
    }),
  )
  .max(64)
  .refine((list) => new Set(list.map(({ name }) => name)).size === list.length, 'has the same name twice')

export const hookFields = {
  /** Told by the server when an install has ended, well or not. */
  webhook: z.strictObject({
    url: z
      .url({ protocol: /^https?$/ })
      .max(2000)
      .refine(
        (url) => !/^\w+:\/\/[^/]*@/.test(url),
        'must not hold a password: receivers know the server by its signature',
      ),
    /** Signs what is sent. A secret. */
    secret: z.string().regex(/^(\*{8}|.{16,256})$/, 'must have at least 16 characters'),
  }),
  /** Run in the deployed system's root at the end of the install, by /bin/sh unless its first line says otherwise. */
  script: z.string().max(MAX_TEXT),
}
