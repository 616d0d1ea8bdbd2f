// Paths as they may be kept and shown: nothing in them opens anything.

const MAX_PATH = 512

/** Every secret of ours has a prefix of its own (core/secrets.ts); the one in a kickstart's path is found by its place too. */
const SECRETS = [/(^\/i\/)[^/?]+/, /()\blf[a-z]_[\w-]+/g, /([?&](?:token|session|secret)=)[^&]*/g]

/**
 * @example maskPath('/i/lfi_abc/ks') // '/i/[secret]/ks'
 */
export function maskPath(path: string): string {
  return SECRETS.reduce((masked, pattern) => masked.replace(pattern, '$1[secret]'), path.slice(0, MAX_PATH))
}
