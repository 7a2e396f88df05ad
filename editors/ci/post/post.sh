#!/usr/bin/env bash
# What post/action.yml runs: checks the inputs, chooses who posts.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
fathom=${FATHOM:-$HOME/.cache/fathom-ci/bin/bin/fathom}

die() {
  echo "::error title=fathom::$*"
  exit 2
}

[ -f "${INPUT_REPORT:-}" ] || die "'report' is no file: ${INPUT_REPORT:-}"
[[ ${INPUT_NUMBER:-} =~ ^[1-9][0-9]{0,9}$ ]] || die "'number' is no number of a pull request"
[[ ${INPUT_HEAD:-} =~ ^[0-9a-f]{40}([0-9a-f]{24})?$ ]] || die "'head' is no full commit id"

reporter=${INPUT_REPORTER:-auto}
if [ "$reporter" = auto ]; then
  reporter=fathom
  # reviewdog takes what it is given: only our own poster is for reports of strangers.
  [ "${INPUT_IS_FORK:-true}" = true ] || ! command -v reviewdog >/dev/null || reporter=reviewdog
fi

case $reporter in
  fathom)
    exec python3 "$here/../post.py" github --api "$GITHUB_API_URL" --repository "$GITHUB_REPOSITORY" \
      --number "$INPUT_NUMBER" --head "$INPUT_HEAD" --fathom "$fathom" "$INPUT_REPORT"
    ;;
  reviewdog)
    [ "${INPUT_IS_FORK:-true}" = false ] || die "a fork's report is posted by fathom, not by reviewdog"
    diagnostics=$("$fathom" report "$INPUT_REPORT" --format rdjsonl)
    REVIEWDOG_GITHUB_API_TOKEN=$FATHOM_TOKEN reviewdog -f=rdjsonl -name=fathom -reporter=github-pr-review \
      -filter-mode=diff_context -fail-level=none <<<"$diagnostics"
    ;;
  *) die "'reporter' is auto, fathom or reviewdog" ;;
esac
