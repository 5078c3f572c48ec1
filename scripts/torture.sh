#!/usr/bin/env bash
# Ill-treats the programs, built with AddressSanitizer and UndefinedBehaviorSanitizer: damaged and forged
# checkpoints, limits of the system, signals at random moments, bombs, full disks, closed outputs.
#   scripts/torture.sh [scale] [seed] [part...]     (1, 1, all parts; scale 10 does ten times as much)
# What a program may do is exit with 0, or with 1 or 2 after exactly one line of message; nothing half-written
# and no lock may be left, and a run goes on afterwards and ends as one that was left alone. All else is a
# finding, kept in build-asan/findings/ with its command. The last line counts; exit code 1 with findings.
# Needs python3, and gdb to tell crashes inside oneDNN. Some parts need root or setpriv, and say so where they are
# left out. What a run takes depends on the moment, so that signals are as repeatable as the machine is quiet.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 2

scale=${1:-1} seed=${2:-1}
for number in "$scale" "$seed"; do
  [[ $number =~ ^[1-9][0-9]{0,5}$ ]] || { echo "torture.sh: found '$number', accepted: scale and seed, whole numbers from 1" >&2; exit 2; }
done
shift $(($# < 2 ? $# : 2))
known=(flips forged limits signals bombs disks outputs)
parts=("${@:-${known[@]}}")
for part in "${parts[@]}"; do
  [[ " ${known[*]} " = *" $part "* ]] || { echo "torture.sh: unknown part '$part' (known: ${known[*]})" >&2; exit 2; }
done

echo "== building the programs in build-asan/ (asan preset) and build/, for the limit of memory"
for preset in asan release; do
  build=build-$preset
  [ "$preset" = release ] && build=build
  generator=()
  [ -f "$build/CMakeCache.txt" ] || generator=(-G Ninja)
  cmake --preset "$preset" "${generator[@]}" >/dev/null && cmake --build "$build" --parallel "$(nproc)" --target programs >"$build/torture.log" 2>&1 ||
    { tail -n 20 "$build/torture.log"; exit 2; }
done

RANDOM=$seed
sanitized=$PWD/build-asan/bin plain=$PWD/build/bin findings=$PWD/build-asan/findings
bin=$sanitized
work=$(mktemp -d "${TMPDIR:-/tmp}/pcnn-torture-XXXXXX")
trap 'umount "$work/disk" 2>/dev/null; rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
chmod 755 "$work"
rm -rf "$findings" && mkdir -p "$findings"
readonly longest=60 # seconds a program may take
export ASAN_OPTIONS=exitcode=99:detect_leaks=0 memory=hard_rss_limit_mb=4000
export UBSAN_OPTIONS=exitcode=99:halt_on_error=1:print_stacktrace=1
declare -A runs refusals found
part=setup

# A finding: what was expected, the command, and what it said.
finding() {
  found[$part]=$((${found[$part]:-0} + 1))
  local file
  file=$findings/$part-${found[$part]}.txt
  { echo "$1"; echo "command: ${command[*]}"; echo "exit code: $code"; echo "-- standard output"; tail -n 20 "$work/out"
    echo "-- standard error"; head -n 60 "$work/err"; } >"$file" 2>&1
  echo "== $part: a finding: $1 (${command[*]##*/}): ${file#"$PWD"/}"
}

# Runs a program of pcnn, in the way that `through` says, and judges how it ended. Sets `code`.
through=()
tried() {
  command=("${through[@]}" "$bin/$1" "${@:2}")
  runs[$part]=$((${runs[$part]:-0} + 1))
  captured timeout --foreground -k 5 "$longest" "${command[@]}"
  judge "$1"
}
# Through pipes: a limit of file sizes is not for what is said.
captured() {
  { "$@" </dev/null 2>&1 >&3 3>&- | cat >"$work/err"; echo "${PIPESTATUS[0]}" >"$work/code"; } 3>&1 2>/dev/null | cat >"$work/out"
  code=$(<"$work/code")
}
judge() {
  # Warnings may come before it, of what goes on without.
  local lines warnings
  lines=$(wc -l <"$work/err") warnings=$(grep -c '; the run goes on without$' "$work/err")
  if ((code == 127)) && grep -q 'error while loading shared libraries' "$work/err"; then return; fi # before main()
  if ((code == 139)) && [ "$bin" = "$plain" ] && crashes_in_onednn; then return; fi
  if grep -qE 'AddressSanitizer|runtime error:|LeakSanitizer' "$work/err"; then finding "a report of a sanitizer"
  elif ((code == 124 || code == 137)); then finding "no end within $longest s"
  elif ((code != 0 && code != 1 && code != 2)) && [ "$code $1" != "3 pcnn-sweep" ]; then finding "exit code $code"
  elif ((code == 0 && lines - warnings != 0)); then finding "success, and words on standard error"
  elif ((code != 0 && lines - warnings != 1)); then finding "not one line of message"
  elif ((code != 0)) && ! grep -q "^$1: " "$work/err"; then finding "a message without the program's name"
  elif grep -q 'unexpected: ' "$work/err"; then finding "an error that nobody expected"
  fi
  ((code == 0)) || refusals[$part]=$((${refusals[$part]:-0} + 1))
  leaves_nothing
}
# Where memory ends while it generates code, oneDNN 2.6 writes through a null pointer.
crashes_in_onednn() {
  command -v gdb >/dev/null || return
  [[ ${command[*]} = *tiny.yaml* ]] && fresh
  rm -rf "$work/made"/* # what it wrote before it crashed, and would refuse to overwrite
  gdb -batch -ex 'set disable-randomization off' -ex run -ex 'backtrace 1' --args "${command[@]}" </dev/null 2>/dev/null | grep -q '^#0 .*libdnnl'
  local answer=$?
  leftovers -delete
  return $answer
}
# What is half-written, and locks, in what the program worked on.
# What a start that crashed leaves under its first name is used up by the next one.
leftovers() { find "$work/runs" "$work/made" "$work/disk" -not -path '*/.*.starting/*' \( -name '*.part*' -o -name lock -o -name '*.next' \) "$@" 2>/dev/null; }
leaves_nothing() {
  local left
  left=$(leftovers | head -n 3 | tr '\n' ' ')
  [ -z "$left" ] || finding "left behind: $left"
  leftovers -delete
}

# The run in this directory, where it can be resumed, ends as one that was left alone: "$work/whole", or another.
resumes() {
  [ -f "$1/checkpoint.safetensors" ] || [ -f "$1/previous.safetensors" ] || return 0
  local before=("${through[@]}")
  through=()
  tried pcnn-run --resume "$1"
  if ((code != 0)); then finding "the run cannot be resumed"
  elif ! cmp -s "$1/results.json" "${2:-$work/whole}/results.json"; then finding "resumed, it ended otherwise"; fi
  through=("${before[@]}")
}
# A run of its own for one trial: a copy of the one that is whole, or none yet.
fresh() { rm -rf "$work/runs" "$work/made"; mkdir -p "$work/runs" "$work/made"; }
copy_of_whole() { fresh; cp -r "$work/whole" "$work/runs/tiny"; }
train() { tried pcnn-run "$work/tiny.yaml" "$@"; }
times() { seq $(($1 * scale)); }

# Files for the parts, made by Python: bytes <what> <arguments>.
bytes() { python3 scripts/torture/files.py "$@" || exit 2; }

# What all parts start from.
mkdir -p "$work/data" "$work/runs" "$work/made"
bytes data "$work/data"
cat >"$work/tiny.yaml" <<YAML
name: tiny
output: $work/runs
threads: 2
data: {dataset: idx, directory: $work/data, validation_images: 11}
model: {input: {kernel: 3, filters: 8}, blocks: {repeat: 1, filters: 4}, output: {filters: 4}}
train: {optimiser: adam, batch: 8, epochs: 3, average: {decay: 0.5}}
sample: {count: 3, scale: 1}
YAML
train
[ -f "$work/runs/tiny/results.json" ] || { cat "$work/out" "$work/err"; exit 2; }
cp -r "$work/runs/tiny" "$work/whole"

source scripts/torture/parts.sh
for part in "${parts[@]}"; do
  start=$SECONDS
  "$part"
  echo "== $part: ${runs[$part]:-0} runs, ${refusals[$part]:-0} refusals, ${found[$part]:-0} findings, $((SECONDS - start)) s"
done
total() { local sum=0 each; for each in "$@"; do sum=$((sum + each)); done; echo "$sum"; }
findings_found=$(total "${found[@]}")
echo "torture.sh: $(total "${runs[@]}") runs, $(total "${refusals[@]}") refusals, $findings_found findings (seed $seed)"
((findings_found == 0))
