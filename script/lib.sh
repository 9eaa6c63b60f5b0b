# shellcheck shell=sh
# Shared by script/dev, script/test and script/docs: get uv, and fill .venv
# from the lock.

root=$(cd "$(dirname "$0")/.." && pwd)
venv="$root/.venv"
export UV_PYTHON_DOWNLOADS=never UV_PROJECT_ENVIRONMENT="$venv"

say() { printf '· %s\n' "$*" >&2; }
die() { printf '%s\n' "$*" >&2; exit 1; }

# The interpreter itself: uv takes a shim for another Python each time, and
# would make .venv anew.
python=$(python3 -c 'import sys; print(sys.executable)') ||
    die "python3 (3.11 or newer) is missing."
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    die "$("$python" --version) is too old; Vestibule needs 3.11 or newer."

# Print the path of uv, fetched once as the lock file names it.
find_uv() {
    if command -v uv; then return; fi
    "$python" "$root/script/fetch-uv" "$root/.uv"
}

# fill GROUP OPTION…: bring .venv to the lock file, unless it is there.
fill() {
    group=$1; shift
    mark=$(cat "$root/uv.lock" "$root/pyproject.toml" | cksum)
    stamp="$venv/.filled-$group"
    [ "$(cat "$stamp" 2>/dev/null)" != "$mark" ] || return 0
    uv=$(find_uv)
    say "Installing the locked dependencies into .venv"
    "$uv" sync --quiet --locked --inexact --project "$root" \
        --python "$python" "$@"
    printf '%s\n' "$mark" > "$stamp"
}
