// The management controller (BMC) of a machine: where it is, whom it lets in, and by which certificate it is known.
import { z } from 'zod'

/** SHA-256 of a certificate's DER: 64 lower-case hex digits. Colons, as openssl prints them, and capitals are accepted. */
const CertificateFingerprint = z
  .string()
  .trim()
  .toLowerCase()
  .transform((text) => text.replaceAll(':', ''))
  .pipe(z.string().regex(/^[0-9a-f]{64}$/, 'must be a SHA-256 fingerprint: 64 hex digits, with colons or without'))

/** A controller is a server of its own: what follows host and port is Redfish's. */
const BmcUrl = z
  .string()
  .trim()
  .max(300)
  .regex(/^https:\/\/[^\s/?#@\\]+\/?$/i, 'must be https://HOST or https://HOST:PORT, without login or path')
  .refine((text) => URL.canParse(text), 'is no URL')
  .transform((text) => new URL(text).origin)
  .pipe(z.string())

export const Bmc = z
  .strictObject({
    url: BmcUrl.describe('https://HOST or https://HOST:PORT'),
    user: z.string().min(1).max(255),
    password: z
      .string()
      .min(1)
      .max(255)
      .optional()
      .describe('never shown; left out, the one that is set stays, as long as url and certificate do'),
    certificate: CertificateFingerprint.optional().describe(
      'SHA-256 fingerprint of its certificate; left out, the one that is set stays with its url; without any a well-known CA must have signed',
    ),
  })
  .meta({ id: 'Bmc' })
export type Bmc = z.infer<typeof Bmc>

/** What people are shown of it. */
export const BmcView = z
  .object({ url: z.string(), user: z.string(), certificate: z.string().optional() })
  .meta({ id: 'BmcView' })
export type BmcView = z.infer<typeof BmcView>
