# Functions of the launchers: install what is missing, build what has changed. Sourced, not run.

# Debian packages by what needs them; README.md says what each is for.
build_packages=(g++ cmake ninja-build ccache pkg-config libsystemc-dev libyaml-cpp-dev
  libboost-program-options-dev libfmt-dev nlohmann-json3-dev libmuparser-dev coinor-libcbc-dev libprotozero-dev
  libonnx-dev libprotobuf-dev protobuf-compiler libeigen3-dev)
test_packages=(libgtest-dev libonnx-testdata clang-format clang libclang-rt-14-dev iverilog)

say() { printf '%s\n' "$*" >&2; }

# ensure_packages NAME...: installs those that are not there, with apt-get.
ensure_packages() {
  local missing=() name
  for name in "$@"; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null)" = installed ] || missing+=("$name")
  done
  [ ${#missing[@]} -eq 0 ] && return
  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || { say "simdse needs these packages, and neither root nor sudo is at hand: ${missing[*]}"; exit 3; }
    as_root=(sudo)
  fi
  say "simdse: installing with apt-get: ${missing[*]}"
  # The lists of packages may be old or missing; then a second try helps.
  install() { "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}"; }
  local log
  log=$(mktemp)
  if ! install >"$log" 2>&1; then
    { "${as_root[@]}" apt-get update && install; } >"$log" 2>&1 || { cat "$log" >&2; rm -f "$log"; exit 3; }
  fi
  rm -f "$log"
}

# has_changed STAMP: true if any source is newer than the last build.
has_changed() {
  [ ! -e "$1" ] || [ -n "$(find "$here"/CMakeLists.txt "$here"/CMakePresets.json "$here"/models \
    "$here"/workloads "$here"/search "$here"/sim "$here"/cli "$here"/cmake "$here"/tests -newer "$1" -print -quit)" ]
}

# show_progress: copies the build's output; on a terminal its "[step/steps]" lines go to one line there.
show_progress() {
  [ -t 2 ] || { cat; return; }
  awk '{ print } /^\[[0-9]+\/[0-9]+\]/ { printf "\r%s building", $1 > "/dev/stderr" }
       END { printf "\r\033[K" > "/dev/stderr" }'
}

# build TARGET STAMP [OPTION...]: configures with the options and builds; errors are shown, the whole
# output is in build.log.
build() {
  local target=$1 stamp=$2 log
  shift 2
  say "simdse: building $target (release), a few minutes the first time ..."
  mkdir -p "$here/build/release"
  log=$here/build/release/build.log
  : >"$stamp.new"
  if ! (cd "$here" && cmake --preset release "$@" && cmake --build --preset release --target "$target") 2>&1 |
    show_progress >"$log"; then
    grep -E 'error|Error' -A 3 "$log" >&2 || tail -n 30 "$log" >&2
    say "simdse: the build failed; all of its output is in build/release/build.log"
    rm -f "$stamp.new"
    exit 3
  fi
  mv "$stamp.new" "$stamp"
}
