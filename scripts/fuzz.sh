#!/usr/bin/env bash
# Builds the fuzzers and lets each run for so many seconds: scripts/fuzz.sh [seconds] [target...]   (60, all)
# What they learn is kept in build-fuzz/corpus; a finding is left in build-fuzz/findings, and ends this with an error.
# Needs clang and its sanitizer runtimes, which are installed where they are missing (Debian).
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=${1:-60}
[[ $seconds =~ ^[1-9][0-9]*$ ]] || { echo "fuzz.sh: found '$seconds', accepted: seconds for each target" >&2; exit 2; }
shift || true
targets=("$@")
known=(config idx npy png safetensors)
((${#targets[@]})) || targets=("${known[@]}")
for target in "${targets[@]}"; do
  [ -d "tests/fuzz/corpus/$target" ] || { echo "fuzz.sh: unknown target '$target' (known: ${known[*]})" >&2; exit 2; }
done

if ! command -v clang++ >/dev/null || ! echo 'extern "C" int LLVMFuzzerTestOneInput(const char*, unsigned long) { return 0; }' |
    clang++ -x c++ - -fsanitize=fuzzer,address -o /dev/null 2>/dev/null; then
  echo "== installing clang and its sanitizer runtimes"
  as_root=()
  [ "$(id -u)" = 0 ] || as_root=(sudo)
  version=$(apt-cache depends clang | grep -oE 'Depends: clang-[0-9]+' | grep -oE '[0-9]+')
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends clang "libclang-rt-$version-dev"
fi

echo "== building the fuzzers in build-fuzz/"
generator=()
[ -f build-fuzz/CMakeCache.txt ] || generator=(-G Ninja)
cmake --preset fuzz "${generator[@]}"
cmake --build build-fuzz --parallel

mkdir -p build-fuzz/findings
failed=0
run_target() {
  mkdir -p "build-fuzz/corpus/$1"
  ./build-fuzz/bin/"fuzz-$1" "build-fuzz/corpus/$1" "tests/fuzz/corpus/$1" -max_total_time="$seconds" -timeout=20 \
    -rss_limit_mb=3000 -artifact_prefix="build-fuzz/findings/$1-" -print_final_stats=1 >"build-fuzz/$1.log" 2>&1
}
# As many at once as there are cores.
pids=() names=()
wait_for_first() {
  wait "${pids[0]}" || { failed=1; echo "== ${names[0]}: a finding"; tail -n 40 "build-fuzz/${names[0]}.log"; }
  echo "== ${names[0]}: $(grep -oE 'number_of_executed_units: *[0-9]+' "build-fuzz/${names[0]}.log" | grep -oE '[0-9]+' || echo no) inputs"
  pids=("${pids[@]:1}") names=("${names[@]:1}")
}
for target in "${targets[@]}"; do
  ((${#pids[@]} < $(nproc))) || wait_for_first
  run_target "$target" &
  pids+=($!) names+=("$target")
done
while ((${#pids[@]})); do wait_for_first; done
exit "$failed"
