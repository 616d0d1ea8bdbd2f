// Who may import what: the rules of the tree as data, and what finds those that break them.
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'

export interface Import {
  /** Path of the importing file, from the project's folder. */
  from: string
  line: number
  /** A path from the project's folder, or a package. */
  to: string
  typeOnly: boolean
}

export interface Rule {
  /** Folder or file the rule is for; the longest one that fits a file counts. */
  folder: string
  /** What files in it may import, besides their own folder: folders, files, packages, `node:`. */
  may: readonly string[]
  /** What they may import types of. */
  mayTypes?: readonly string[]
}

/** Arrows point inward: listeners → core → contract. Only the composition root knows all parts. */
export const RULES: readonly Rule[] = [
  { folder: 'client', may: [] },
  { folder: 'server/contract', may: ['zod'] },
  { folder: 'server/host', may: ['node:', 'koffi', 'undici', 'server/contract'] },
  { folder: 'server/config', may: ['node:', 'zod', 'smol-toml', 'server/contract', 'server/host'] },
  { folder: 'server/core', may: ['node:', 'server/contract'] },
  { folder: 'server/plan', may: ['node:crypto', 'server/contract'], mayTypes: ['server/core'] },
  { folder: 'server/store', may: ['node:', 'better-sqlite3', 'kysely', 'server/core', 'server/contract'] },
  {
    folder: 'server/dhcp',
    may: ['node:', 'server/host', 'server/core', 'server/contract/coded-error.ts'],
    mayTypes: ['server/contract', 'server/observe'],
  },
  {
    folder: 'server/dhcp6',
    may: ['node:', 'server/host', 'server/core', 'server/dhcp'],
    mayTypes: ['server/contract'],
  },
  {
    folder: 'server/tftp',
    may: ['node:', 'server/host', 'server/core', 'server/contract/coded-error.ts'],
    mayTypes: ['server/observe'],
  },
  {
    folder: 'server/trace',
    may: ['node:', 'server/contract', 'server/core', 'server/dhcp', 'server/dhcp6', 'server/host', 'server/tftp'],
  },
  {
    folder: 'server/backup',
    may: ['node:', 'tar-stream', 'zod', 'server/contract', 'server/host/durable-files.ts'],
  },
  { folder: 'server/documents', may: ['yaml', 'zod', 'server/contract'] },
  { folder: 'server/render', may: ['node:', 'handlebars', 'server/contract'] },
  { folder: 'server/kickstart', may: ['server/contract', 'server/plan', 'server/render'] },
  {
    folder: 'server/oci',
    may: [
      'node:',
      'zod',
      'hono',
      'tar-stream',
      'server/contract',
      'server/host/durable-files.ts',
      'server/host/system-calls.ts',
      'server/host/setting-files.ts',
      'server/host/undici.ts',
    ],
    mayTypes: ['undici', 'server/core/images.ts', 'server/core/trust.ts'],
  },
  // Refuses what a policy does not let in, in the words that installs use.
  { folder: 'server/oci/prefetch.ts', may: ['node:', 'server/oci', 'server/contract', 'server/core'] },
  // What the agent takes of it too: nothing here may reach the core, files or the network.
  { folder: 'server/trust', may: ['node:', 'zod', '@sigstore', 'server/contract', 'server/oci/reference.ts'] },
  { folder: 'server/trust/image-trust.ts', may: ['node:', 'server/trust', 'server/contract', 'server/core'] },
  { folder: 'server/gpg', may: ['node:', 'server/trust'] },
  // Reads layers by the agent's own rules.
  {
    folder: 'server/inspect',
    may: [
      'node:',
      'better-sqlite3',
      'server/contract',
      'server/oci',
      'smol-toml',
      'server/plan',
      'boot-assets/agent/stream',
      'boot-assets/agent/ostree/errors.ts',
      'boot-assets/agent/ostree/filter.ts',
      'boot-assets/agent/ostree/image-layers.ts',
      'boot-assets/agent/boot/grub-config.ts',
      'boot-assets/agent/bootc/engine.ts',
      'boot-assets/agent/deployment/kernel-arguments.ts',
      'boot-assets/agent/deployment/os-release.ts',
      'boot-assets/agent/errors.ts',
    ],
    mayTypes: ['server/core'],
  },
  {
    folder: 'server/media',
    may: ['node:', 'server/contract', 'server/host/durable-files.ts'],
    mayTypes: ['server/core/media.ts'],
  },
  {
    folder: 'server/privileges',
    may: ['node:', 'server/host', 'server/contract/coded-error.ts'],
    mayTypes: ['server/config'],
  },
  { folder: 'server/doctor', may: ['node:', 'server/contract'] },
  {
    folder: 'server/setup',
    may: ['node:', 'server/config', 'server/contract', 'server/doctor', 'server/dhcp/prober.ts'],
  },
  {
    folder: 'server/systemd',
    may: ['node:', 'server/host', 'server/contract/coded-error.ts'],
    mayTypes: ['server/config', 'server/render'],
  },
  {
    folder: 'server/oidc',
    may: ['node:', 'openid-client', 'server/contract', 'server/host/setting-files.ts', 'server/host/undici.ts'],
    mayTypes: ['server/core/oidc-logins.ts'],
  },
  {
    folder: 'server/bmc',
    may: ['node:', 'server/contract', 'server/host/undici.ts'],
    mayTypes: ['undici', 'server/core'],
  },
  { folder: 'server/pki', may: ['node:', 'node-forge', 'server/contract/coded-error.ts'] },
  { folder: 'server/observe', may: ['node:', 'pino', '@prometheus-io/client'], mayTypes: ['server/contract'] },
  {
    folder: 'server/http',
    may: [
      'node:',
      'hono',
      '@hono/node-server',
      '@hono/zod-openapi',
      'zod',
      'server/contract',
      'server/core',
      'server/render',
      'server/oci',
      'server/bmc/errors.ts',
      'server/bmc/picture.ts',
      'server/oidc/errors.ts',
      'server/setup/errors.ts',
      'server/plan',
      'server/media',
      'server/documents',
    ],
    mayTypes: ['server/observe', 'server/trace', 'server/inspect', 'server/setup', 'server/bmc'],
  },
  {
    folder: 'server/blueprint',
    may: ['node:', 'zod', 'smol-toml', 'server/contract', 'server/contract/agent-limits.ts'],
  },
  {
    folder: 'server/cli',
    may: [
      'node:',
      'commander',
      'smol-toml',
      'tar-stream',
      'zod',
      'server/contract',
      'server/blueprint',
      'server/contract/agent-limits.ts',
      'server/core/merge-spec.ts',
      'server/documents',
      'server/host/undici.ts',
    ],
    mayTypes: ['undici'],
  },
  {
    folder: 'server/cli/commands/disk-image.ts',
    may: ['node:', 'commander', 'server/cli', 'server/contract', 'server/disk-image'],
  },
  {
    folder: 'server/disk-image',
    may: [
      'node:',
      'server/main.ts',
      'server/contract',
      'server/config',
      'server/host',
      'server/http/assets.ts',
      'server/observe',
      'server/oci',
      'server/plan',
      'server/store',
      'server/cli/access.ts',
      'server/cli/client.ts',
      'boot-assets',
    ],
  },
  {
    folder: 'server/cli/commands/backup.ts',
    may: [
      'node:',
      'commander',
      'server/backup',
      'server/cli',
      'server/config',
      'server/contract',
      'server/store/store.ts',
    ],
  },
  {
    folder: 'server/cli/commands/ca.ts',
    may: ['node:', 'commander', 'server/cli', 'server/config', 'server/pki'],
  },
  {
    folder: 'server/cli/commands/serve.ts',
    may: [
      'node:',
      'commander',
      'server/main.ts',
      'server/config',
      'server/host',
      'server/observe',
      'server/privileges',
      'server/setup/network-change.ts',
      'server/store/store.ts',
      'server/http/web.ts',
      'server/cli/boot-files.ts',
      'boot-assets',
    ],
  },
  {
    folder: 'server/cli/commands/setup.ts',
    may: ['node:', 'commander', 'server/cli', 'server/config', 'server/contract', 'server/doctor', 'server/setup'],
  },
  {
    folder: 'server/cli/commands/doctor.ts',
    may: ['node:', 'commander', 'server/cli', 'server/contract', 'server/doctor'],
  },
  { folder: 'server/cli/boot-files.ts', may: ['node:', 'boot-assets'] },
  {
    folder: 'server/cli/commands/systemd.ts',
    may: [
      'node:',
      'commander',
      'server/cli',
      'server/config',
      'server/privileges',
      'server/render',
      'server/store/store.ts',
      'server/systemd',
    ],
  },
  {
    folder: 'server/cli/iso',
    may: ['node:', 'commander', 'server/cli', 'server/contract', 'server/kickstart', 'server/render', 'boot-assets'],
  },
  { folder: 'server', may: ['node:', 'server'] },
  { folder: 'boot-assets', may: ['node:', 'rolldown', 'package.json'] },
  {
    folder: 'boot-assets/iso',
    may: [
      'node:',
      'zod',
      'smol-toml',
      'boot-assets',
      'server/contract',
      'server/host',
      'server/media',
      'server/oci',
      'server/render',
    ],
  },
  {
    folder: 'boot-assets/agent',
    may: [
      'node:',
      'zod',
      'smol-toml',
      'undici',
      'tar-stream',
      'package.json',
      'server/contract',
      'server/oci',
      'server/plan',
      'server/trust/judge.ts',
    ],
  },
  {
    folder: 'web',
    may: [
      'react',
      'react-dom',
      'react-router',
      '@tanstack/react-query',
      '@patternfly',
      'server/contract/bytes.ts',
      'server/contract/layer-news.ts',
      'server/contract/message-cutter.ts',
      'server/contract/silence.ts',
      'server/contract/trust-text.ts',
      'server/contract/inspection-text.ts',
    ],
    mayTypes: ['server/contract'],
  },
  { folder: 'web/vite.config.ts', may: ['node:', 'vite', '@vitejs'] },
  {
    folder: 'web/src/features/machines',
    may: [
      'react',
      'react-router',
      '@patternfly',
      'web/src/api',
      'web/src/ui',
      'server/contract/bytes.ts',
      'server/contract/pace.ts',
      'server/contract/silence.ts',
      'server/contract/trust-text.ts',
    ],
    mayTypes: ['server/contract'],
  },
  {
    folder: 'web/src/features/installs',
    may: [
      'react',
      '@patternfly',
      'web/src/api',
      'web/src/ui',
      'server/contract/bytes.ts',
      'server/contract/erase-text.ts',
      'server/contract/layer-news.ts',
      'server/contract/pace.ts',
      'server/contract/trust-text.ts',
      'server/contract/plan-rows.ts',
    ],
    mayTypes: ['server/contract'],
  },
  {
    folder: 'web/src/features/images',
    may: [
      'react',
      '@patternfly',
      'web/src/api',
      'web/src/ui',
      'server/contract/arrival-text.ts',
      'server/contract/bytes.ts',
      'server/contract/trust-text.ts',
      'server/contract/inspection-text.ts',
    ],
    mayTypes: ['server/contract'],
  },
  {
    folder: 'web/src/features/access',
    may: ['react', 'react-router', '@patternfly', 'web/src/api', 'web/src/ui'],
    mayTypes: ['server/contract'],
  },
  {
    folder: 'web/src/features/setup',
    may: ['react', 'react-router', '@patternfly', 'web/src/api', 'web/src/ui'],
    mayTypes: ['server/contract'],
  },
  {
    folder: 'web/src/features/overview',
    may: ['react', 'react-router', '@patternfly', 'web/src/api', 'web/src/ui', 'server/contract/bytes.ts'],
    mayTypes: ['server/contract'],
  },
  {
    folder: 'web/src/features/media',
    may: [
      'react',
      '@patternfly',
      'web/src/api',
      'web/src/ui',
      'server/contract/bytes.ts',
      'server/contract/trust-text.ts',
    ],
    mayTypes: ['server/contract'],
  },
]

/** `import`, `export ... from` and `import()` of a source text, line by line. */
const IMPORT =
  /(?:^|[\n;])\s*(?:import|export)\s+(type\s+)?(?:[\w*\s{},$]+?\s+from\s+)?['"]([^'"\n]+)['"]|(?<![\w.])import\(\s*['"]([^'"\n]+)['"]\s*\)/g

/** All imports of a file, with relative ones resolved to paths from the project's folder. */
export function importsOf(text: string, from: string): Import[] {
  return [...text.matchAll(IMPORT)].map((match) => {
    const specifier = match[2] ?? match[3]!
    const at = match.index + match[0].lastIndexOf(specifier)
    const to = specifier.startsWith('.') ? join(dirname(from), specifier) : specifier
    return { from, line: text.slice(0, at).split('\n').length, to, typeOnly: match[1] !== undefined }
  })
}

/** A sentence for each import that no rule allows. */
export function violations(imports: readonly Import[], rules: readonly Rule[]): string[] {
  return imports.flatMap(({ from, line, to, typeOnly }) => {
    const rule = rules
      .filter(({ folder }) => isIn(from, folder))
      .toSorted((a, b) => b.folder.length - a.folder.length)[0]
    if (!rule) return [`${from}:${line} belongs to no rule`]
    const allowed = [rule.folder, ...rule.may, ...(typeOnly ? (rule.mayTypes ?? []) : [])]
    if (allowed.some((place) => isIn(to, place))) return []
    return [`${from}:${line} imports ${to}; ${rule.folder} may import ${rule.may.join(', ')}`]
  })
}

function isIn(path: string, place: string): boolean {
  return path === place || path.startsWith(place.endsWith(':') ? place : `${place}/`)
}

const project = resolve(import.meta.dirname, '../..')

/** Imports of all sources below these folders. */
export function allImports(folders: readonly string[]): Import[] {
  return folders.flatMap((folder) =>
    readdirSync(join(project, folder), { recursive: true, withFileTypes: true })
      .filter(
        (entry) =>
          entry.isFile() && /\.tsx?$/.test(entry.name) && !/\/(dist|node_modules)(\/|$)/.test(entry.parentPath),
      )
      .flatMap((entry) => {
        const file = join(entry.parentPath, entry.name)
        return importsOf(readFileSync(file, 'utf8'), relative(project, file))
      }),
  )
}
