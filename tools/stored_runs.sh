# Sourced by the tools that keep their runs.

# require_same_build FOLDER: runs that another build of simdse has left there are not mixed with new ones.
require_same_build() {
  local folder=$1 build
  build=$(find build/release/bin/simdse build/release/lib configs workloads/zoo \( -name simdse -o -name '*.so' -o -name '*.yaml' \) \
    -print0 | LC_ALL=C sort -z | xargs -0 cat | sha256sum | cut -c1-16)
  mkdir -p "$folder"
  if [ -e "$folder/build" ] && [ "$(cat "$folder/build")" != "$build" ]; then
    echo "$folder has runs of another build of simdse: remove it, or give another folder" >&2
    exit 2
  fi
  echo "$build" >"$folder/build"
}
