#!/bin/sh
# fathom, but for reviews: scripted_review.py writes those. FATHOM_BINARY is the real program.
case $1 in
  review) exec python3 "$(dirname "$0")/scripted_review.py" "$@" ;;
  *) exec "$FATHOM_BINARY" "$@" ;;
esac
