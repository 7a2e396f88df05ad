#!/usr/bin/env bash
# What action.yml runs: checks the inputs (the runner does not), brings fathom, reviews.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

die() {
  echo "::error title=fathom::$*"
  exit 2
}

is_number() { [[ $1 =~ ^[1-9][0-9]{0,6}$ ]]; }

[ -n "${INPUT_BASE:-}" ] || die "'base' is empty: this is no pull request; name the branch that the change is for"
case ${INPUT_FAIL_ON:-} in note | warning | error | never) ;; *) die "'fail-on' is note, warning, error or never" ;; esac
case ${INPUT_ANNOTATIONS:-} in true | false) ;; *) die "'annotations' is true or false" ;; esac
is_number "${INPUT_MAX_FINDINGS:-}" || die "'max-findings' is a number of 1 or more"
is_number "${INPUT_MAX_SECONDS:-}" || die "'max-seconds' is a number of 1 or more"
[[ ${INPUT_OUT:-} =~ ^[A-Za-z0-9][A-Za-z0-9._/-]*$ && $INPUT_OUT != *..* ]] ||
  die "'out' is a folder below the workspace, of letters, digits and ._-/"

kept=$HOME/.cache/fathom-ci
FATHOM=${INPUT_FATHOM:-}
if [ -z "$FATHOM" ]; then
  FATHOM=$kept/bin/bin/fathom
  [ -x "$FATHOM" ] || "$here/build.sh" "$kept/bin"
fi
export FATHOM FATHOM_RESULTS=$kept/results FATHOM_ANNOTATIONS=$INPUT_ANNOTATIONS

fail_on=$INPUT_FAIL_ON
[ "$fail_on" != never ] || fail_on=error
options=(--fail-on "$fail_on" --max-findings "$INPUT_MAX_FINDINGS" --max-seconds "$INPUT_MAX_SECONDS")
[ -z "${INPUT_MODEL:-}" ] || options+=(--model "$INPUT_MODEL")
status=0
"$here/review.sh" --base "$INPUT_BASE" --out "$INPUT_OUT" -- "${options[@]}" || status=$?
if [ "$status" -eq 1 ] && [ "$INPUT_FAIL_ON" = never ]; then status=0; fi
exit "$status"
