// Secrets inside specs: shown to nobody, kept when what was shown comes back.
import { SECRET_MASK } from '../contract/spec.ts'
import type { MachineSpec, PartialSpec } from '../contract/spec.ts'
import { CoreError } from './errors.ts'

/** The spec with a mask in place of each secret: for everything that people and programs are shown. */
export function maskSecrets<Spec extends PartialSpec>(spec: Spec): Spec {
  return mapSecrets(spec, () => SECRET_MASK)
}

/** The same for a kickstart to look at, in which what stands for a password hash has to look like one. */
export function maskForKickstart(spec: MachineSpec): MachineSpec {
  return mapSecrets(spec, (path) => (/^(rootPassword|users\.)/.test(path) ? `$6$${SECRET_MASK}` : SECRET_MASK))
}

/**
 * The spec as it is meant by somebody who was shown `former` masked: each mask stands for the secret that was there. Throws VALIDATION
 * for a mask where there was none.
 */
export function restoreSecrets(spec: PartialSpec, former: PartialSpec): PartialSpec {
  const known = new Map<string, string>()
  mapSecrets(former, (path, secret) => {
    known.set(path, secret)
    return secret
  })
  return mapSecrets(spec, (path, secret) => {
    if (secret !== SECRET_MASK) return secret
    const restored = known.get(path)
    if (restored !== undefined) return restored
    const message = `${path} is ${SECRET_MASK}, which stands for a secret that is set already, but none is`
    throw new CoreError('VALIDATION', message, { hint: 'give the secret itself, or leave the value out' })
  })
}

/** A copy of the spec with every secret replaced. Members of lists are known by name, so that their order may change. */
function mapSecrets<Spec extends PartialSpec>(spec: Spec, replace: (path: string, secret: string) => string): Spec {
  const { rootPassword, users, disks, registry, files, cloudInit, ignition, systemdCredentials, hooks } = spec
  return {
    ...spec,
    ...(rootPassword !== undefined && { rootPassword: replace('rootPassword', rootPassword) }),
    ...(users && {
      users: users.map((user) => {
        const { name, password } = user
        return password === undefined ? user : { ...user, password: replace(`users.${name}.password`, password) }
      }),
    }),
    ...(disks?.encryption && {
      disks: {
        ...disks,
        encryption: {
          ...disks.encryption,
          passphrase: replace('disks.encryption.passphrase', disks.encryption.passphrase),
        },
      },
    }),
    ...(registry?.credentials && {
      registry: {
        ...registry,
        credentials: registry.credentials.map((login) => ({
          ...login,
          password: replace(`registry.credentials.${login.registry}.${login.username}.password`, login.password),
        })),
      },
    }),
    ...(files && {
      files: files.map((file) =>
        file.secret ? { ...file, content: replace(`files.${file.path}.content`, file.content) } : file,
      ),
    }),
    ...(cloudInit && {
      cloudInit: {
        ...cloudInit,
        userData: replace('cloudInit.userData', cloudInit.userData),
        ...(cloudInit.networkConfig !== undefined && {
          networkConfig: replace('cloudInit.networkConfig', cloudInit.networkConfig),
        }),
      },
    }),
    ...(ignition !== undefined && { ignition: replace('ignition', ignition) }),
    ...(systemdCredentials && {
      systemdCredentials: systemdCredentials.map(({ name, value }) => ({
        name,
        value: replace(`systemdCredentials.${name}.value`, value),
      })),
    }),
    ...(hooks?.webhook && {
      hooks: {
        ...hooks,
        webhook: { ...hooks.webhook, secret: replace('hooks.webhook.secret', hooks.webhook.secret) },
      },
    }),
  }
}
