# Sourced by the tools that keep their runs.

# require_same_build FOLDER: runs that another build of simdse has left there are not mixed with new ones.
require_same_build() {
  local folder=$1 build
  build=$(cat build/release/bin/simdse build/release/lib/*.so configs/technology/*.yaml configs/designs/*.yaml \
    configs/searches/eleven/*.yaml | sha256sum | cut -c1-16)
  mkdir -p "$folder"
  if [ -e "$folder/build" ] && [ "$(cat "$folder/build")" != "$build" ]; then
    echo "$folder has runs of another build of simdse: remove it, or give another folder" >&2
    exit 2
  fi
  echo "$build" >"$folder/build"
}
