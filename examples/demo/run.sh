#!/usr/bin/env bash
# Runs the tour on a database in a temporary folder, which it removes again.
set -eu
cd "$(dirname "$0")"
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
printf 'A tour of s3sql on an embedded database: the same engine, on a folder instead of a bucket.\n'
../../bin/s3sql --echo "file://$dir/shop" <tour.sql
printf 'The database was in a temporary folder and is gone. `make run` opens one that stays, in s3sql-data.\n'
