# Sourced by scripts that run a program of Debian forky which this Debian does not have. The packages
# are unpacked into .cache/, not installed; that needs mmdebstrap, and root or user namespaces.

cache=${FATHOM_CACHE:-$(cd "$(dirname "$0")/.." && pwd)/.cache}

give_up() {
  echo "${0##*/}: $1" >&2
  exit 1
}

# Where this machine gets Debian itself from.
mirror() {
  {
    sed -n 's|^URIs: *\([^ ]*/debian\)/* *$|\1|p' /etc/apt/sources.list.d/*.sources || true
    sed -n 's|^deb  *\(\[[^]]*\]  *\)\{0,1\}\([^ ]*/debian\)/* .*|\2|p' /etc/apt/sources.list || true
  } 2>/dev/null | head -n 1
}

# fetch PACKAGE PROGRAM: into $cache/PACKAGE, unless its usr/bin/PROGRAM is there.
fetch() {
  [ ! -x "$cache/$1/usr/bin/$2" ] || return 0
  command -v mmdebstrap >/dev/null || give_up "mmdebstrap is missing (scripts/setup.sh installs it)"
  from=$(mirror)
  [ -n "$from" ] || give_up "apt's sources name no Debian mirror"
  mkdir -p "$cache"
  unpacked=$(mktemp -d "$cache/$1.XXXXXX")
  trap 'rm -rf "$unpacked"' EXIT
  mmdebstrap --quiet --aptopt='Acquire::Check-Valid-Until "false"' --variant=extract \
    --include="$1" forky "$unpacked" "$from" >"$cache/$1.log" 2>&1 ||
    give_up "mmdebstrap failed: $(tail -n 1 "$cache/$1.log")"
  [ -x "$unpacked/usr/bin/$2" ] || give_up "there is no $2 in it, see $cache/$1.log"
  # Somebody else may have been faster; then theirs is as good.
  mv -T "$unpacked" "$cache/$1" 2>/dev/null || [ -x "$cache/$1/usr/bin/$2" ]
}

# run PACKAGE PROGRAM [ARGS...]: by the package's own loader, which is named on the command line and
# not in the environment, so that what the program starts in turn gets the machine's own libraries.
run() {
  unpacked=$cache/$1
  program=$2
  shift 2
  for libraries in "$unpacked"/usr/lib/*-linux-gnu; do break; done
  for loader in "$libraries"/ld-linux-*.so.*; do break; done
  exec "$loader" --library-path "$libraries" "$unpacked/usr/bin/$program" "$@"
}
