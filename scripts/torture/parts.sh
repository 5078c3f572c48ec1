# The parts of torture.sh, a function each; what they call is there.

flips() {
  local i file
  for i in $(times 40); do
    copy_of_whole
    file=$work/runs/tiny/checkpoint.safetensors
    ((i % 3)) && bytes flip "$file" "$seed$i" || bytes cut "$file" "$seed$i"
    ((i % 4 == 3)) && rm "$work/runs/tiny/previous.safetensors"
    cp "$file" "$work/bad.safetensors"
    cmp -s "$file" "$work/whole/checkpoint.safetensors" && continue # flipped there and back
    refused pcnn-sample "$work/bad.safetensors" -n 2 -o "$work/made/a.png"
    refused pcnn-eval "$work/bad.safetensors"
    refused pcnn-inspect "$work/bad.safetensors" --no-verify
    refused pcnn-run "$work/tiny.yaml" name=started train.start_from="$work/bad.safetensors" train.epochs=1
    tried pcnn-run --resume "$work/runs/tiny" train.epochs=4
  done
}

refused() {
  tried "$@"
  ((code != 0)) || finding "a damaged checkpoint was taken"
}

# Numbers and texts that the checksum does not guard: of a checkpoint that has none.
forged() {
  local value file key
  local -x ASAN_OPTIONS=$ASAN_OPTIONS:$memory
  for value in -1 0 1e308 4611686018427387904 9223372036854775807 18446744073709551616 -0.5 '"x"' null '[]' 1e30; do
    for key in step images seconds learning_rate epoch_nats epoch_dims epoch_steps window_steps best.epoch \
      best.validation_nats_per_dim weights image; do
      ((RANDOM % 4 == 0 || scale > 3)) || continue
      copy_of_whole
      file=$work/runs/tiny/checkpoint.safetensors
      bytes forge "$file" "$key" "$value"
      ((RANDOM % 2)) && rm "$work/runs/tiny/previous.safetensors"
      tried pcnn-run --resume "$work/runs/tiny" train.epochs=4
      copy_of_whole
      bytes forge "$work/runs/tiny/best.safetensors" "$key" "$value"
      tried pcnn-sample "$work/runs/tiny" -n 2 -o "$work/made/a.npy"
      tried pcnn-eval "$work/runs/tiny"
    done
  done
}

# Every program once, with the limit in `through`.
every_program() {
  copy_of_whole
  tried pcnn-sample "$work/runs/tiny" -n 40 -o "$work/made/a.png"
  tried pcnn-sample "$work/runs/tiny" -n 3 -o "$work/made/folder"
  tried pcnn-eval "$work/runs/tiny" --scores "$work/made/a.csv"
  tried pcnn-inspect "$work/runs/tiny" --field "$work/made/field.png"
  tried pcnn-run --resume "$work/runs/tiny" train.epochs=4
  fresh
  tried pcnn-sweep "$work/tiny.yaml" seed=1,2 train.epochs=1 name=sweep
  fresh
  train
  resumes "$work/runs/tiny"
}
limits() {
  local most
  for most in 0 1 2 4 8 16 32; do through=(bash -c "ulimit -f $most; exec \"\$@\"" -); every_program; done
  # Without file descriptors the check of virtual tables takes good objects for bad ones: it looks at memory through
  # a pipe. Plain programs have none.
  bin=$plain
  for most in 3 4 5 6 7 8 9 10 12 16 24; do through=(bash -c "ulimit -n $most; exec \"\$@\"" -); every_program; done
  bin=$sanitized
  if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
    for most in 1 2 3 5; do
      through=(bash -c "chmod -R a+rwX '$work'; ulimit -u $most; exec setpriv --reuid=64318 --regid=64318 --clear-groups \"\$@\"" -)
      every_program
    done
  else
    echo "== limits: -u is left out: it needs root, and setpriv to be somebody else"
  fi
  bin=$plain # a sanitizer's own memory is beyond any such limit
  for most in 60000 80000 100000 130000 160000 200000 250000 300000 400000; do
    through=(bash -c "ulimit -v $most; exec \"\$@\"" -)
    every_program
  done
  bin=$sanitized through=()
}

# tried(), ended by a signal after a while, unless it came to its end before.
signalled() {
  local signal=$1 number after=$((RANDOM % duration))
  number=$(kill -l "$signal")
  command=(timeout --foreground --preserve-status -k "$longest" -s "$signal" "$(printf '%d.%03d' $((after / 1000)) $((after % 1000)))" "$bin/$2" "${@:3}")
  runs[$part]=$((${runs[$part]:-0} + 1))
  captured "${command[@]}"
  if ((code == 137)) && [ "$signal" != KILL ]; then finding "no end within $longest s of SIG$signal"
  elif ((code == 128 + number)); then
    (($(wc -l <"$work/err") <= 1)) || finding "more than one line of message"
    # Of a process that was killed the next one finds what is left.
    [ "$signal" = KILL ] || leaves_nothing
  else judge "$2"; fi
}
signals() {
  local i signal duration all=(TERM INT HUP KILL)
  fresh
  duration=${EPOCHREALTIME//[.,]/}
  train train.epochs=40
  duration=$(((${EPOCHREALTIME//[.,]/} - duration) / 1000)) # milliseconds
  cp -r "$work/runs/tiny" "$work/whole-40"
  for i in $(times 12); do
    for signal in "${all[@]}"; do
      fresh
      signalled "$signal" pcnn-run "$work/tiny.yaml" train.epochs=40
      while [ -f "$work/runs/tiny/checkpoint.safetensors" ] && ((RANDOM % 3)); do
        signalled "${all[RANDOM % 4]}" pcnn-run --resume "$work/runs/tiny"
      done
      resumes "$work/runs/tiny" "$work/whole-40"
    done
  done
  for i in $(times 4); do
    for signal in "${all[@]}"; do
      copy_of_whole
      signalled "$signal" pcnn-sample "$work/runs/tiny" -n 3000 -o "$work/made/a.npy"
      tried pcnn-sample "$work/runs/tiny" -n 20 -o "$work/made/a.npy" --overwrite
      signalled "$signal" pcnn-sample "$work/runs/tiny" -n 300 -o "$work/made/folder"
      tried pcnn-sample "$work/runs/tiny" -n 20 -o "$work/made/folder" --overwrite
      signalled "$signal" pcnn-sweep "$work/tiny.yaml" seed=1,2,3 train.epochs=1 name=sweep
      settled "$work/runs/sweep"
      tried pcnn-sweep "$work/tiny.yaml" seed=1,2,3 train.epochs=1 name=sweep
      ((code == 0)) || finding "the sweep does not go on"
    done
  done
}
# The trials of a sweep that was killed are interrupted with it, and save.
settled() {
  local i
  for i in $(seq 50); do pgrep -f -- "pcnn-run .*$1" >/dev/null || return; sleep 0.1; done
}

bombs() {
  local file
  local -x ASAN_OPTIONS=$ASAN_OPTIONS:$memory
  fresh
  for file in sides.png deep.png claims.idx.gz claims.npy longest.safetensors laughs.yaml nested.yaml; do
    bytes bomb "$work/$file"
    bombed "$work/$file"
  done
  mkfifo "$work/fifo"
  for file in /dev/zero /dev/urandom "$work/fifo" /dev/full "$work"; do
    bombed "$file"
  done
  # What is allowed, and long: it says how long, or is refused.
  bytes bomb "$work/large.png"
  slow pcnn-sample "$work/whole" --complete "$work/large.png" -o "$work/made/large.png"
  slow pcnn-run "$work/tiny.yaml" sample.count=10000 sample.scale=64
  slow pcnn-sample "$work/whole" -n 1000000 -o "$work/made/many.npy"
}
# The file in every place where a program reads one.
bombed() {
  local name=$1 folder=$work/bombed
  tried pcnn-eval "$work/whole" --images "$name"
  tried pcnn-sample "$work/whole" --complete "$name" -o "$work/made/a.png"
  tried pcnn-sample "$name" -o "$work/made/b.png"
  tried pcnn-inspect "$name" --no-verify
  [ -p "$name" ] || train_with "$name" # a config may come through a pipe
  rm -rf "$folder" && mkdir "$folder"
  case $name in
    *.gz) ln -s "$name" "$folder/train-images-idx3-ubyte.gz" ;;
    *) ln -s "$name" "$folder/train-images-idx3-ubyte" ;;
  esac
  cp "$work/data/t10k-images-idx3-ubyte" "$folder"
  train name=odd data.directory="$folder" data.validation_images=1
  rm -rf "$folder" && mkdir -p "$folder/train" "$folder/test"
  ln -s "$name" "$folder/train/a.png" && ln -s "$name" "$folder/test/b.png"
  train name=odd data.dataset=png data.directory="$folder" data.validation_images=1
  train name=odd train.start_from="$name"
}
train_with() { tried pcnn-run "$1" name=odd output="$work/runs" data.directory="$work/data" --dry-run; }
# Allowed to take long where it says something meanwhile.
slow() {
  command=("$bin/$1" "${@:2}")
  runs[$part]=$((${runs[$part]:-0} + 1))
  captured timeout --foreground -s TERM -k 20 20 "${command[@]}"
  if ((code == 124 || code == 143)); then [ -s "$work/out" ] || finding "nothing said in 20 s"
  else judge "$1"; fi
  fresh
}

disks() {
  if ! { mkdir -p "$work/disk" && mount -t tmpfs -o size=4k tmpfs "$work/disk"; } 2>/dev/null; then
    echo "== disks: left out: this user may not mount a small one"
    return
  fi
  local kib
  for kib in $(seq 4 $((scale > 1 ? 4 : 12)) 160); do
    fresh
    rm -rf "$work/disk/"*
    mount -o "remount,size=${kib}k" "$work/disk"
    tried pcnn-run "$work/tiny.yaml" output="$work/disk"
    mount -o remount,size=64m "$work/disk"
    resumes "$work/disk/tiny"
    rm -rf "$work/disk/"*
    mount -o "remount,size=${kib}k" "$work/disk"
    tried pcnn-sample "$work/whole" -n $((kib * 16)) -o "$work/disk/a.npy"
    tried pcnn-sweep "$work/tiny.yaml" output="$work/disk" seed=1,2 train.epochs=1 name=sweep
    mount -o remount,size=64m "$work/disk"
    tried pcnn-sweep "$work/tiny.yaml" output="$work/disk" seed=1,2 train.epochs=1 name=sweep --retry-failed
    ((code == 0)) || finding "the sweep does not go on"
  done
  umount "$work/disk"
}

# Closed, full, and read by nobody. What is closed says nothing, so there is no line to count.
outputs() {
  local how
  for how in '>&-' '2>&-' '>&- 2>&-' '<&- >&- 2>&-' '>/dev/full' '2>/dev/full' '> >(exec true)' '> >(exec head -n 1)'; do
    through=(bash -c "\"\$@\" $how; code=\$?; ((code != 0)) && [[ '$how' = *2* ]] && echo \"\${1##*/}: exit code 2\" >&2; exit \$code" -)
    every_program
    tried pcnn-run "$work/nowhere.yaml"
    ((code == 2)) || finding "a config that is not there is no mistake"
  done
  through=()
}
