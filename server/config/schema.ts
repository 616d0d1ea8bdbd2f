// Every setting of the server: its type, default, meaning. Help, reference page, file, environment and flags all come from here.
import { z } from 'zod'
import { Hostname, Mac } from '../contract/common.ts'
import { OidcRole } from '../contract/oidc.ts'
import { KernelArgument, MachineSpec } from '../contract/spec.ts'
import { TrustPolicySetting } from '../contract/trust.ts'
import { UpstreamSetting } from '../contract/upstream.ts'

const Port = z.number().int().min(1).max(65_535)
const Ipv4 = z.ipv4({ error: 'must be an IPv4 address' })
const Ipv6 = z.ipv6({ error: 'must be an IPv6 address' })
const Ip = z.union([Ipv4, Ipv6], { error: 'must be an IP address' })
const Count = z.number().int().min(1).max(65_535)
const Interface = z.string().regex(/^[^\s/]{1,15}$/, 'must be the name of a network interface')

const RepositoryPattern = z
  .string()
  .regex(
    /^[a-z0-9._*-]+(\/[a-z0-9._*-]+)*$/,
    'must be a repository like os/web, with * for a part and ** for all that follows',
  )

const UserName = z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,31}$/, 'must be the name or number of a user')

/** `10.77.0.100-10.77.0.199` or one address. */
const AddressRange = z
  .string()
  .regex(/^\s*[0-9.]+\s*(-\s*[0-9.]+\s*)?$/, 'must be an address or a range like 10.77.0.100-10.77.0.199')

/** `30000-30999` or one port. */
const PortRange = z.string().regex(/^\s*\d{1,5}\s*(-\s*\d{1,5}\s*)?$/, 'must be a port or a range like 30000-30999')

const Reservation = z.strictObject({ mac: Mac, address: Ipv4, hostname: Hostname.optional() })

const Subnet = z.strictObject({
  cidr: z.cidrv4({ error: 'must be a network like 10.77.0.0/24' }).meta({
    description: 'network on the interface that addresses are given of',
  }),
  pool: z.array(AddressRange).default([]).meta({
    description: 'addresses for machines without a reservation, as `from-to`; by default none',
  }),
  exclude: z.array(Ipv4).default([]).meta({ description: 'addresses inside the pool that are never given out' }),
  router: Ipv4.optional().meta({ description: 'default gateway told to machines' }),
  dns: z.array(Ipv4).default([]).meta({ description: 'name servers told to machines' }),
  ntp: z.array(Ipv4).default([]).meta({ description: 'time servers told to machines' }),
  domain: Hostname.optional().meta({ description: 'domain told to machines' }),
  leaseSeconds: z.number().int().min(60).max(0xffff_fffe).default(3600).meta({
    description: 'how long an address is lent, seconds',
  }),
  authoritative: z.boolean().default(true).meta({
    description: 'no other DHCP server serves this network, so wrong addresses may be refused',
  }),
  sharedNetwork: z.string().min(1).optional().meta({
    description: 'name that subnets on the same wire have in common: when one is full, the next one gives addresses',
    defaultText: 'none',
  }),
  reservations: z.array(Reservation).default([]).meta({
    description: 'addresses for particular machines, as tables with `mac`, `address` and optionally `hostname`',
  }),
})

/** `fd00:77::1000-fd00:77::1fff` or one address. */
const AddressRange6 = z
  .string()
  .regex(
    /^\s*[0-9a-fA-F:.]+\s*(-\s*[0-9a-fA-F:.]+\s*)?$/,
    'must be an address or a range like fd00:77::1000-fd00:77::1fff',
  )

const Reservation6 = z
  .strictObject({
    mac: Mac.optional(),
    duid: z
      .string()
      .regex(
        /^[0-9a-fA-F]{2}([:-]?[0-9a-fA-F]{2}){2,129}$/,
        'must be the bytes of a DUID, like 00:03:00:01:52:54:00:12:34:56',
      )
      .optional(),
    address: Ipv6,
    hostname: Hostname.optional(),
  })
  .refine(({ mac, duid }) => mac !== undefined || duid !== undefined, 'needs mac or duid')

const Subnet6 = z.strictObject({
  prefix: z.cidrv6({ error: 'must be a network like fd00:77::/64' }).meta({
    description: 'network on the interface that addresses are given of',
  }),
  pool: z.array(AddressRange6).default([]).meta({
    description: 'addresses for machines without a reservation, as `from-to`; by default none',
  }),
  exclude: z.array(Ipv6).default([]).meta({ description: 'addresses inside the pool that are never given out' }),
  leaseSeconds: z.number().int().min(60).max(0xffff_fffe).default(3600).meta({
    description: 'how long an address is lent, seconds',
  }),
  reservations: z.array(Reservation6).default([]).meta({
    description:
      'addresses for particular machines, as tables with `mac` or `duid`, `address` and optionally `hostname`',
  }),
})

/** The settings as people write them; what may be left out has a default here or in defaults.ts. */
export const ConfigInput = z.strictObject({
  name: Hostname.optional().meta({
    description: 'what this server calls itself on screens and certificates',
    defaultText: 'the host name',
  }),
  dataDir: z.string().min(1).optional().meta({
    description: 'folder of the database, images and keys',
    defaultText: '`/var/lib/landfall` as root, else `~/.local/share/landfall`',
  }),
  user: UserName.optional().meta({
    description: 'who the server runs as when root starts it',
    defaultText: 'the owner of `dataDir`, else `landfall` if there is such a user, else root',
  }),
  address: Ip.optional().meta({
    description: 'address under which machines reach this server, IPv4 or IPv6',
    defaultText: 'of the DHCP interface, else the first that is not loopback',
  }),
  templatesDir: z.string().min(1).optional().meta({
    description: 'folder of your own templates, which come before those of Landfall; read at the start',
    defaultText: '`templates` in `dataDir`',
  }),
  registry: z
    .string()
    .regex(/^([A-Za-z0-9.-]+|\[[0-9a-fA-F:.]+\])(:\d{1,5})?$/, 'must be host:port, with an IPv6 address in brackets')
    .optional()
    .meta({
      description: 'registry that deployed machines upgrade from, as host:port',
      defaultText: '`address` and `https.port`',
    }),
  images: z
    .strictObject({
      maxBytes: z.number().int().min(1).max(Number.MAX_SAFE_INTEGER).optional().meta({
        description:
          'bytes that images may take; what would exceed them is refused, unless others can make room for it',
        defaultText: 'as many as the disk holds',
      }),
      evict: z.enum(['none', 'fetched', 'all']).default('fetched').meta({
        description:
          'what may go to make room, unused for longest first: `fetched` is what other registries have still (pull-through, earlier digests of followed tags); never what a machine, a profile or a followed tag needs',
      }),
      public: z.array(RepositoryPattern).default(['**']).meta({
        description:
          'repositories that anybody may pull from, as patterns: `os/*` is one level, `os/**` all below; pushing always needs a token',
      }),
      plainHttp: z.boolean().default(false).meta({
        description: 'also serve pulls of public repositories on `http.port`, without TLS',
      }),
      maxLayerBytes: z
        .number()
        .int()
        .min(1)
        .max(Number.MAX_SAFE_INTEGER)
        .default(64 * 2 ** 30)
        .meta({
          description:
            'bytes that one layer may unpack to; larger ones, and those that grow more than a hundredfold and a GiB, are never installed',
        }),
      untaggedDays: z.number().int().min(0).max(36_500).default(30).meta({
        description: 'days that images are kept after their last tag has moved on, when no machine holds on to them',
      }),
      freshSeconds: z.number().int().min(0).max(31_536_000).default(300).meta({
        description: 'how long a tag below the `prefix` of an upstream counts as what it was found to be, seconds',
      }),
      prefetch: z.enum(['off', 'background', 'wait']).default('wait').meta({
        description:
          'whether images below the `prefix` of an upstream are fetched when machines or profiles name them; with `wait`, installs begin when all layers are here and were read, with `background` at once',
      }),
      zstd: z.boolean().default(true).meta({
        description:
          'whether gzip layers of images that machines and profiles name are also kept as zstd, which agents unpack faster: see [mirror images](../how-to/mirror-images.md#zstd-for-gzip)',
      }),
      upstreams: z.array(UpstreamSetting).default([]).meta({
        description:
          'how to reach registries that images are pulled from, as tables with `registry` (host:port) and any of `mirrors`, `prefix`, `username` and `passwordFile`, `ca`, `proxy`, `lookaside`, `insecure`: see [mirror images](../how-to/mirror-images.md)',
      }),
    })
    .prefault({}),
  http: z
    .strictObject({
      host: Ip.optional().meta({
        description: 'address to listen on for boot files',
        defaultText: '`::`, which is every address; `0.0.0.0` on a host without IPv6',
      }),
      port: Port.default(8080).meta({ description: 'port of the boot files, plain HTTP' }),
      maxConnections: Count.default(4096).meta({ description: 'connections at once; further ones are closed' }),
      maxConnectionsPerAddress: Count.default(256).meta({
        description: 'connections at once from one address; more where many machines come through one router',
      }),
    })
    .prefault({}),
  https: z
    .strictObject({
      host: Ip.optional().meta({
        description: 'address to listen on for UI, API, agents and registry',
        defaultText: '`::`, which is every address; `0.0.0.0` on a host without IPv6',
      }),
      port: Port.default(8443).meta({ description: 'port of UI, API, agents and registry' }),
      certificate: z.string().min(1).optional().meta({
        description:
          'file with a certificate of your own (PEM, with its chain), used for clients that ask for one of its host names; agents pin the one of Landfall',
        defaultText: 'none',
      }),
      key: z.string().min(1).optional().meta({
        description: 'file with the key of `https.certificate`; both are read again once a day',
        defaultText: 'none',
      }),
      maxConnections: Count.default(4096).meta({ description: 'connections at once; further ones are closed' }),
    })
    .prefault({}),
  dhcp: z
    .strictObject({
      mode: z.enum(['off', 'server', 'proxy', 'auto']).default('off').meta({
        description:
          '`server` gives addresses; `proxy` adds boot data to those of another server; `auto` is `server` unless another one answers',
      }),
      interface: Interface.optional().meta({ description: 'network interface to serve', defaultText: 'none' }),
      interfaces: z.array(Interface).default([]).meta({
        description:
          'further network interfaces to serve, each with its subnet among `dhcp.subnets`: see [several links](dhcp-and-tftp.md#several-links)',
      }),
      subnet: Subnet.optional(),
      subnets: z.array(Subnet).default([]).meta({
        description:
          'further subnets, of `dhcp.interfaces`, behind relays or sharing the wire, as tables with the settings of `dhcp.subnet`',
      }),
    })
    .prefault({}),
  dhcp6: z
    .strictObject({
      mode: z.enum(['off', 'stateless', 'stateful']).default('off').meta({
        description:
          'DHCPv6: `stateful` gives addresses and boot data; `stateless` only boot data, for iPXE on networks where addresses are made of router advertisements',
      }),
      interface: Interface.optional().meta({
        description: 'network interface to serve',
        defaultText: '`dhcp.interface`',
      }),
      address: Ipv6.optional().meta({
        description: 'address of that interface which machines are told',
        defaultText: 'its first one that is not link-local',
      }),
      preference: z.number().int().min(0).max(255).default(255).meta({
        description: 'of this server among several; at 255 machines do not wait for the offers of others',
      }),
      rapidCommit: z.boolean().default(true).meta({
        description: 'lend at once, without an offer, to machines that ask for that',
      }),
      dns: z.array(Ipv6).default([]).meta({ description: 'name servers told to machines' }),
      search: z.array(Hostname).default([]).meta({ description: 'domains told to machines' }),
      subnet: Subnet6.optional(),
    })
    .prefault({}),
  tftp: z
    .strictObject({
      enabled: z.boolean().optional().meta({
        description: 'serve the first boot loader by TFTP',
        defaultText: 'on unless `dhcp.mode` and `dhcp6.mode` are `off`',
      }),
      port: Port.default(69).meta({ description: 'port of TFTP; firmware always asks 69' }),
      transferPorts: PortRange.optional().meta({
        description: 'ports that data comes from, as `from-to`, for firewalls; one for each transfer under way',
        defaultText: 'any',
      }),
      maxTransfers: Count.default(2048).meta({ description: 'transfers at once; further ones are told `busy`' }),
      maxTransfersPerClient: Count.default(8).meta({ description: 'transfers at once of one address' }),
    })
    .prefault({}),
  boot: z
    .strictObject({
      loader: z.enum(['auto', 'ipxe', 'grub']).default('auto').meta({
        description:
          'what UEFI machines load first, unless `boot.loader` of their spec says otherwise; `auto` takes iPXE, and shim with GRUB where Secure Boot is on',
      }),
    })
    .prefault({}),
  installer: z
    .strictObject({
      consoles: MachineSpec.shape.consoles.meta({
        description: 'consoles of the installer, as kernel `console=` values; the last one is the main one',
      }),
      extraArguments: z.array(KernelArgument).default([]).meta({
        description: 'further kernel arguments of the installer',
      }),
      silentMinutes: z.number().int().min(1).max(1440).default(15).meta({
        description: 'minutes without a word after which a machine counts as silent in the middle of an install',
      }),
      arm64: z.boolean().default(false).meta({
        description: 'whether `--build` makes the installer for 64-bit ARM too; the first time takes as long again',
      }),
    })
    .prefault({}),
  trust: z
    .strictObject({
      default: z.enum(['accept', 'reject']).default('accept').meta({
        description: 'what happens with images of repositories that no policy is for',
      }),
      policies: z.array(TrustPolicySetting).default([]).meta({
        description:
          'who has to sign which images, as tables with `repository` (`os/web`, `os/*` or `*`; the longest counts), `require` (`accept`, `reject`, `digest`, `key`, `gpg`, `identity`) and what that needs: see [sign images](../how-to/sign-images.md)',
      }),
    })
    .prefault({}),
  oidc: z
    .strictObject({
      issuer: z.url({ protocol: /^https$/, error: 'must be a URL like https://login.example/realms/main' }).meta({
        description:
          'the OpenID provider that people log in by, exactly as it calls itself: see [let people in](../how-to/people.md#log-in-by-openid-connect)',
        defaultText: 'none: name and password only',
      }),
      clientId: z.string().min(1).meta({ description: 'what this server is registered as there' }),
      clientSecretFile: z.string().min(1).optional().meta({
        description: 'file with the secret of the registration',
        defaultText: 'none: a public client, by PKCE alone',
      }),
      name: z.string().min(1).max(40).default('OpenID Connect').meta({
        description: 'of the provider, on the button: "Log in with ..."',
      }),
      scopes: z
        .array(z.string().regex(/^[!#-[\]-~]+$/, 'must be the name of a scope'))
        .default(['profile'])
        .meta({
          description:
            'asked for besides `openid`; some providers send the claim with the roles for a scope of its own',
        }),
      claim: z.string().min(1).default('groups').meta({
        description: 'claim that roles depend on: a text or a list; `realm_access.roles` is a part of one',
      }),
      roles: z.array(OidcRole).min(1, 'needs a table, or nobody could log in').meta({
        description:
          'what its values allow, as tables with `value`, `role` (`admin`, `operator`, `viewer`) and optionally `scope`; the first that somebody has counts',
      }),
      ca: z.string().min(1).optional().meta({
        description: "file with further CA certificates that the provider's own may come from (PEM)",
        defaultText: 'the well-known CAs only',
      }),
    })
    .optional(),
  events: z
    .strictObject({
      keepDays: z.number().int().min(1).max(36_500).default(400).meta({
        description:
          'days that events are kept: the history of machines, live updates that were missed, webhooks to send again; the audit trail is kept whole',
      }),
    })
    .prefault({}),
  log: z
    .strictObject({
      level: z
        .enum(['debug', 'info', 'warn', 'error'])
        .default('info')
        .meta({ description: 'least severe level to log' }),
      format: z.enum(['json', 'pretty']).optional().meta({
        description: 'one JSON object per line, or lines for people',
        defaultText: '`pretty` on a terminal, else `json`',
      }),
    })
    .prefault({}),
})
export type ConfigInput = z.output<typeof ConfigInput>

declare module 'zod' {
  interface GlobalMeta {
    /** Says what a missing value becomes where that is not fixed. */
    defaultText?: string
  }
}
