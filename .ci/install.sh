#!/bin/sh
# Installs berth from where its archives are, after their checksum was verified:
#
#     BERTH_FROM=https://HOST/PATH sh install.sh     a folder on a server, or one on this machine
#
# BERTH_TO is the folder for the program (default: ~/.local/bin), BERTH_SHA256 the checksum to insist on instead of the one
# in checksums.txt, BERTH_VERSION another version than the one that this script came with.
set -eu

fail() { echo "install: $*" >&2; exit 1; }

from=${BERTH_FROM:?say where the archives are, such as BERTH_FROM=https://example.com/berth}
to=${BERTH_TO:-$HOME/.local/bin}
version=${BERTH_VERSION:-@VERSION@}

os=$(uname -s | tr '[:upper:]' '[:lower:]')
case $os in linux | darwin) ;; *) fail "there is no archive for $os here; on Windows unpack the one for windows" ;; esac
case $(uname -m) in
x86_64 | amd64) arch=amd64 ;;
aarch64 | arm64) arch=arm64 ;;
*) fail "there is no archive for $(uname -m)" ;;
esac
name=berth_${version}_${os}_${arch}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

get() { # get FILE
  case $from in
  http://* | https://*) curl -fsSL --retry 3 -o "$work/$1" "$from/$1" || fail "cannot fetch $from/$1" ;;
  *) cp "$from/$1" "$work/$1" || fail "cannot read $from/$1" ;;
  esac
}

get "$name.tar.gz"
want=${BERTH_SHA256:-}
if [ -z "$want" ]; then
  get checksums.txt
  want=$(awk -v f="$name.tar.gz" '$2 == f || $2 == "*" f {print $1}' "$work/checksums.txt")
  [ -n "$want" ] || fail "checksums.txt does not know $name.tar.gz"
fi
if command -v sha256sum >/dev/null; then
  got=$(sha256sum "$work/$name.tar.gz" | awk '{print $1}')
else
  got=$(shasum -a 256 "$work/$name.tar.gz" | awk '{print $1}')
fi
[ "$got" = "$want" ] || fail "the checksum of $name.tar.gz is $got, not $want: nothing was installed"

tar -xzf "$work/$name.tar.gz" -C "$work"
mkdir -p "$to"
# A running program is replaced, not written over.
cp "$work/$name/berth" "$to/.berth.new" && mv "$to/.berth.new" "$to/berth"
echo "installed $("$to/berth" version) as $to/berth"
