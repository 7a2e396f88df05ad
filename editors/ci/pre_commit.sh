#!/usr/bin/env bash
# The pre-commit hook: reviews what is staged, or what is pushed. Options go to `fathom review`.
#
# It holds up nobody: without fathom, or where the time was not enough, it says so and passes, unless
# --strict is given.
#
# Exit codes: 0 clean or nothing to say; 1 findings; with --strict also 2 and 3 of `fathom review`.
set -euo pipefail

fathom=${FATHOM:-fathom}
strict=false
options=()
for option in "$@"; do
  if [ "$option" = --strict ]; then strict=true; else options+=("$option"); fi
done

pass_unless_strict() { # pass_unless_strict STATUS REASON
  echo "fathom review: $2" >&2
  if $strict; then exit "$1"; fi
  exit 0
}

command -v "$fathom" >/dev/null || pass_unless_strict 3 "$fathom is not installed; nothing was reviewed"
what=(--staged)
if [ -n "${PRE_COMMIT_FROM_REF:-}" ] && [ -n "${PRE_COMMIT_TO_REF:-}" ]; then # pre-push
  what=("$PRE_COMMIT_FROM_REF..$PRE_COMMIT_TO_REF")
fi

status=0
"$fathom" review --fail-on error --max-seconds 30 "${what[@]}" ${options[@]+"${options[@]}"} || status=$?
case $status in
  0 | 1) exit "$status" ;;
  *) pass_unless_strict "$status" "the review is incomplete (see above)" ;;
esac
