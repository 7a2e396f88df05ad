#!/usr/bin/env bash
# Reviews a change in CI and writes the result in every format that CI systems read.
#
#   review.sh --base REF [--out FOLDER] [-- OPTIONS of fathom review...]
#
# FOLDER (default: fathom-review) gets report.json, report.sarif, report.rdjsonl, junit.xml,
# gl-code-quality-report.json and summary.md. On GitHub the findings also become annotations, a step
# summary and step outputs; FATHOM_ANNOTATIONS=false leaves the annotations out. FATHOM names the program, FATHOM_RESULTS a folder in which results are kept by
# the content of what was reviewed, so that the same change is reviewed once.
#
# It needs no token and no network and passes none on: what it reads was written by strangers.
#
# Exit codes are those of `fathom review`: 0 clean, 1 findings, 2 usage, 3 failed or incomplete.
set -euo pipefail

unset FATHOM_TOKEN GITHUB_TOKEN GITLAB_TOKEN

fathom=${FATHOM:-fathom}
base=
out="fathom-review"

die() {
  echo "review.sh: $*" >&2
  exit 2
}

while [ $# -gt 0 ]; do
  case $1 in
    --base | --out)
      [ $# -ge 2 ] || die "$1 needs a value"
      if [ "$1" = --base ]; then base=$2; else out=$2; fi
      shift 2
      ;;
    --)
      shift
      break
      ;;
    *) die "unknown option $1; usage: review.sh --base REF [--out FOLDER] [-- OPTIONS]" ;;
  esac
done
[ -n "$base" ] || die "--base is missing: the branch that the change is for"
case $base in -*) die "--base $base is no name of a branch" ;; esac
command -v "$fathom" >/dev/null || die "$fathom is not there; build it, or name it in FATHOM"
git rev-parse --quiet --verify "$base^{commit}" >/dev/null ||
  die "there is no commit $base here; fetch it first (actions/checkout: fetch-depth: 0)"
merge_base=$(git merge-base "$base" HEAD) ||
  die "$base and HEAD have no common commit here; fetch the whole history (fetch-depth: 0)"
mkdir -p "$out"

# What the result depends on: the program, the options, and all files on both sides.
result_key() {
  {
    sha256sum <"$(command -v "$fathom")"
    printf '%s\0' "$@"
    git rev-parse "$merge_base^{tree}" "HEAD^{tree}"
  } | sha256sum | cut -d' ' -f1
}

kept=
[ -z "${FATHOM_RESULTS:-}" ] || kept=$FATHOM_RESULTS/$(result_key "$@").json

status=0
if [ -n "$kept" ] && [ -f "$kept" ] && [ -f "$kept.status" ] && "$fathom" report "$kept" --format json >"$out/report.json"; then
  status=$(cat "$kept.status")
  echo "review.sh: nothing has changed since the last review; its result is shown" >&2
else
  "$fathom" review --base "$merge_base" --format json "$@" >"$out/report.json" || status=$?
  # A report of an incomplete review is one, too; without a report there is nothing to convert.
  if ! "$fathom" report "$out/report.json" --format json >/dev/null 2>&1; then
    rm -f "$out/report.json"
    [ "$status" -ne 0 ] || status=3
    exit "$status"
  fi
  if [ -n "$kept" ] && [ "$status" -le 1 ]; then # what failed is tried again
    mkdir -p "$FATHOM_RESULTS"
    cp "$out/report.json" "$kept.$$"
    mv "$kept.$$" "$kept"
    echo "$status" >"$kept.status"
  fi
fi

convert() { # convert FORMAT FILE
  "$fathom" report "$out/report.json" --format "$1" >"$out/$2"
}
convert sarif report.sarif
convert rdjsonl report.rdjsonl
convert junit junit.xml
convert gitlab gl-code-quality-report.json
convert markdown summary.md

if [ "${GITHUB_ACTIONS:-}" = true ]; then
  [ "${FATHOM_ANNOTATIONS:-true}" = false ] || "$fathom" report "$out/report.json" --format github
  [ -z "${GITHUB_STEP_SUMMARY:-}" ] || cat "$out/summary.md" >>"$GITHUB_STEP_SUMMARY"
  if [ -n "${GITHUB_OUTPUT:-}" ]; then
    {
      echo "report=$out/report.json"
      echo "sarif=$out/report.sarif"
      echo "findings=$(grep -c '' "$out/report.rdjsonl" || true)"
      echo "status=$status"
    } >>"$GITHUB_OUTPUT"
  fi
else
  "$fathom" report "$out/report.json" --format text
fi
exit "$status"
