// The first-boot report: a unit that tells the server once which image runs, then removes itself and its token.
import { shellQuote } from './shell-quote.ts'

export const CONFIRM_UNIT = 'landfall-confirm.service'

export interface ConfirmSettings {
  /** Origin of the server: `https://192.0.2.1:8443`. */
  url: string
  token: string
  installId: string
}

/** `etc/landfall/confirm.env`, readable by root only. */
export function confirmEnvText({ url, token, installId }: ConfirmSettings): string {
  return [
    `LANDFALL_URL=${shellQuote(url)}`,
    `LANDFALL_TOKEN=${shellQuote(token)}`,
    `LANDFALL_INSTALL=${shellQuote(installId)}`,
    '',
  ].join('\n')
}

/**
 * Type=exec, not oneshot: a server that is away must not hold up the boot. The script itself waits and repeats; systemd
 * only starts it again should it die.
 */
export const CONFIRM_UNIT_TEXT = `[Unit]
Description=Report the installed image to Landfall
Wants=network-online.target
After=network-online.target
ConditionPathExists=/etc/landfall/confirm.env

[Service]
Type=exec
ExecStart=/bin/sh /etc/landfall/confirm.sh
Restart=on-failure
RestartSec=15

[Install]
WantedBy=multi-user.target
`

/** POSIX sh with curl or wget. The token travels on standard input or in a file, never where \`ps\` shows it. */
export const CONFIRM_SCRIPT = `#!/bin/sh
# Tells Landfall which image this machine runs. Done once; then unit, token and this script are removed.
set -u
umask 077
dir=/etc/landfall

say() {
  echo "landfall: $*"
  echo "landfall: $*" 2>/dev/null >/dev/console || :
}

# The deployment that the kernel was told to boot: /ostree/deploy/<stateroot>/deploy/<commit>.<serial>
running_commit() {
  for word in $(cat /proc/cmdline); do
    case $word in
      ostree=*) basename "$(readlink -f "/sysroot\${word#ostree=}")" | sed 's/\\.[0-9]*$//' ;;
    esac
  done
}

# The image's digest, as ostree or, in a composefs deployment (/state/deploy/<id>), bootc has written it down.
running_digest() {
  if [ -n "$1" ]; then
    ostree --repo=/sysroot/ostree/repo show --print-metadata-key=ostree.manifest-digest "$1" | tr -d "'"
    return
  fi
  for word in $(cat /proc/cmdline); do
    case $word in
      composefs=*)
        id=\${word#composefs=}
        id=\${id#\\?}
        sed -n 's/^manifest_digest *= *//p' "/sysroot/state/deploy/$id/$id.origin"
        ;;
    esac
  done
}

# Prints the HTTP status; 000 when there was no answer.
post() {
  if command -v curl >/dev/null 2>&1; then
    printf 'Authorization: Bearer %s\\n' "$LANDFALL_TOKEN" |
      curl --silent --max-time 30 --cacert "$dir/ca.pem" --header @- --header 'Content-Type: application/json' \\
        --data "$1" --output /dev/null --write-out '%{http_code}' "$LANDFALL_URL/agent/v1/confirm"
  else
    printf 'header = Authorization: Bearer %s\\n' "$LANDFALL_TOKEN" >"$dir/wgetrc"
    wget --config="$dir/wgetrc" --quiet --server-response --tries=1 --timeout=30 --ca-certificate="$dir/ca.pem" \\
      --header='Content-Type: application/json' --post-data="$1" --output-document=/dev/null \\
      "$LANDFALL_URL/agent/v1/confirm" 2>&1 | sed -n 's/^ *HTTP[^ ]* \\([0-9][0-9]*\\).*/\\1/p' | tail -n 1
  fi
}

remove() {
  rm -f /etc/systemd/system/multi-user.target.wants/${CONFIRM_UNIT} /etc/systemd/system/${CONFIRM_UNIT}
  rm -rf "$dir"
  systemctl daemon-reload
}

main() {
  . "$dir/confirm.env"
  commit=$(running_commit)
  digest=$(running_digest "$commit")
  if [ -z "$digest" ]; then
    say "cannot tell which image is running (commit $commit)"
    exit 1
  fi
  body=$(printf '{"installId":"%s","digest":"%s","commit":"%s","kernel":"%s"}' \\
    "$LANDFALL_INSTALL" "$digest" "$commit" "$(uname -r)")
  # Whoever reads "deployed" may cut the power: what the first boot wrote is on the disk by then.
  sync
  pause=1
  while :; do
    status=$(post "$body")
    case $status in
      2??) say "reported $digest to $LANDFALL_URL"; break ;;
      408 | 429 | 5?? | 000 | '') ;;
      *) say "$LANDFALL_URL refused the report of $digest (HTTP status $status)"; break ;;
    esac
    sleep $pause
    [ $pause -ge 30 ] || pause=$((pause * 2))
  done
  remove
}

# In a function with an exit behind it: the shell has read all of it before the file is removed.
main
exit 0
`
