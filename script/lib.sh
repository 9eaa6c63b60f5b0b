# shellcheck shell=sh
# Shared by the other scripts: get uv, fill .venv from the lock, and install
# packages of Debian.

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

# install PACKAGE…: what is missing, by the names that Debian has for it.
install() {
    [ $# -gt 0 ] || return 0
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1 ||
        die "Missing packages, by their Debian names: $*"
    say "Installing the Debian packages $*"
    log=$(mktemp)
    (
        # A package that brings a server would start it, too; the policy is
        # how Debian is told not to.
        policy=/usr/sbin/policy-rc.d
        if [ ! -e "$policy" ]; then
            trap 'rm -f "$policy"' EXIT
            printf '#!/bin/sh\nexit 101\n' >"$policy"
            chmod 755 "$policy"
        fi
        apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install \
            -qq -y --no-install-recommends "$@"
    ) >"$log" 2>&1 ||
        { cat "$log" >&2; die "They could not be installed."; }
    for package; do
        systemctl disable "$package" >/dev/null 2>&1 || :
    done
}
