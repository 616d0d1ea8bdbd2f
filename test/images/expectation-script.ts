// Turns expectations into a shell script, so that the same facts are checked in a folder on this host and, over SSH or on
// a console, in a deployed machine.
import type { Expectation } from './expectations.ts'

export interface ScriptOptions {
  /** Folder that stands for `/`. Default: `/`. */
  root?: string
  /** Where configuration lies below it: `usr/etc` in the checkout of an OSTree commit. Default: `etc`. */
  etc?: string
}

/**
 * A POSIX sh script that prints one line for each expectation that does not hold, then `HELD <n> OF <m>`, and exits 0 only if
 * all hold. Needs coreutils, and getfattr (package attr) for extended attributes; run it as root.
 */
export function expectationScript(
  expectations: readonly Expectation[],
  { root = '/', etc = 'etc' }: ScriptOptions = {},
): string {
  const place = (path: string): string => quote(path.startsWith('etc/') ? etc + path.slice('etc'.length) : path)
  const checks = expectations.flatMap((expectation) => checksOf(expectation, place))
  return `LC_ALL=C.UTF-8
cd ${quote(root)} || exit 2
held=0 all=0
# same WHAT GOT WANT
same() {
  all=$((all + 1))
  if [ "$2" = "$3" ]; then held=$((held + 1)); else printf '%s: got %s, want %s\\n' "$1" "$2" "$3"; fi
}
kind() { stat -c %F -- "./$1" 2>/dev/null || echo absent; }
# A command substitution drops newlines at the end: the dot keeps them.
content() { cat -- "./$1" 2>/dev/null; echo .; }
attribute() { getfattr --no-dereference --absolute-names --only-values --name="$2" -- "./$1" 2>/dev/null | od -An -v -tx1 | tr -d ' \\n'; }
${checks.join('\n')}
echo "HELD $held OF $all"
[ "$held" = "$all" ]
`
}

function checksOf(expectation: Expectation, place: (path: string) => string): string[] {
  const check = (what: string, got: string, want: string): string => `same ${quote(what)} "$(${got})" ${quote(want)}`
  if (expectation.kind === 'hardlinks') {
    const inodes = `stat -c %i -- ${expectation.paths.map((path) => `./${place(path)}`).join(' ')} | sort -u | wc -l`
    return [check(`${expectation.paths[0]} and its other names: number of inodes`, inodes, '1')]
  }
  const { path } = expectation
  const at = place(path)
  if (expectation.kind === 'absent') return [check(path, `kind ${at}`, 'absent')]
  if (expectation.kind === 'symlink') return [check(`${path}: target`, `readlink -- ./${at}`, expectation.target)]

  const checks: string[] = []
  const { mode, uid, gid } = expectation
  if (mode !== undefined) checks.push(check(`${path}: mode`, `stat -c %a -- ./${at}`, mode.toString(8)))
  if (uid !== undefined) checks.push(check(`${path}: owner`, `stat -c %u -- ./${at}`, String(uid)))
  if (gid !== undefined) checks.push(check(`${path}: group`, `stat -c %g -- ./${at}`, String(gid)))
  if (expectation.kind === 'directory') {
    checks.push(check(`${path}: type`, `kind ${at}`, 'directory'))
    const { entries } = expectation
    if (entries) checks.push(check(`${path}: names`, `ls -A -- ./${at}`, entries.toSorted().join('\n')))
    return checks
  }
  const { content, size, xattrs } = expectation
  checks.push(check(`${path}: type`, `kind ${at} | sed 's/ empty//'`, 'regular file'))
  if (size !== undefined) checks.push(check(`${path}: size`, `stat -c %s -- ./${at}`, String(size)))
  if (content !== undefined) checks.push(check(`${path}: content`, `content ${at}`, `${content}.`))
  for (const [name, hex] of Object.entries(xattrs ?? {})) {
    checks.push(check(`${path}: ${name}`, `attribute ${at} ${name}`, hex))
  }
  return checks
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}
