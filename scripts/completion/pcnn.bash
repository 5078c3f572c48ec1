# Completion of pcnn's programs in bash:  source scripts/completion/pcnn.bash
# Options come from --help and config keys from `pcnn-run --keys`, so they are those of the programs at hand.

# Options of a program, one per line.
_pcnn_options() {
  "$1" --help 2>/dev/null | grep -oE '^ +(-[a-zA-Z],)?--[a-z-]+' | grep -oE -- '-[a-zA-Z]?(-[a-z-]+)?' | sed 's/,$//'
}

# Whether a word has to follow the option: --help names its type.
_pcnn_takes_a_value() {
  "$1" --help 2>/dev/null | grep -qE -- "(^ +|,)$2(,--[a-z-]+)? (TEXT|INT|UINT|FLOAT)"
}

# The values of an option, where it names some: --split TEXT:{test,validation,train}
_pcnn_values() {
  "$1" --help 2>/dev/null | grep -oE -- "$2[ ,].*:\\{[^}]*\\}" | sed 's/.*{//; s/}.*//; s/,/ /g' | head -n 1
}

# A config key, with its values after the `=` where they are few.
_pcnn_keys() {
  local word=$1 run
  run=$(dirname -- "$(command -v -- "$2")")/pcnn-run
  if [[ $word == *=* ]]; then
    local key=${word%%=*} values
    values=$("$run" --keys 2>/dev/null | awk -F'\t' -v key="$key" '$1 == key { print $2 }')
    compgen -W "$values" -- "${word#*=}"
  else
    compgen -W "$("$run" --keys 2>/dev/null | cut -f1 | sed 's/$/=/')" -- "$word"
  fi
}

_pcnn() {
  local program=${COMP_WORDS[0]} word previous
  COMPREPLY=()
  # bash splits words at `=`, which is part of ours.
  local before=${COMP_LINE:0:COMP_POINT}
  word=${before##*[[:space:]]}
  previous=${before%"$word"}
  previous=${previous%"${previous##*[![:space:]]}"}
  previous=${previous##*[[:space:]]}
  if [[ $previous == -* && $word != -* ]] && _pcnn_takes_a_value "$program" "$previous"; then
    local values
    values=$(_pcnn_values "$program" "$previous")
    if [[ -n $values ]]; then
      mapfile -t COMPREPLY < <(compgen -W "$values" -- "$word")
    else
      mapfile -t COMPREPLY < <(compgen -f -- "$word")
      compopt -o filenames
    fi
    return
  fi
  if [[ $word == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$(_pcnn_options "$program")" -- "$word")
  elif [[ $word == *=* ]]; then
    mapfile -t COMPREPLY < <(_pcnn_keys "$word" "$program")
  else
    # Files first: a config, a run directory. Keys where no file begins so.
    case $program in
      *pcnn-run | *pcnn-sweep) mapfile -t COMPREPLY < <(compgen -f -X '!*.yaml' -- "$word"; compgen -d -- "$word") ;;
      *) mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
    esac
    if ((${#COMPREPLY[@]})) && [[ -n $word ]]; then
      compopt -o filenames
    else
      mapfile -t COMPREPLY < <(_pcnn_keys "$word" "$program")
      ((${#COMPREPLY[@]})) && compopt -o nospace
    fi
  fi
}

complete -F _pcnn pcnn-run pcnn-sweep pcnn-sample pcnn-eval pcnn-inspect
