#!/usr/bin/env bash
# Makes .venv with this package, editable, and everything an extra asks for.
#
#   scripts/setup_python.sh EXTRA        (all, dev, ...: see pyproject.toml)
#
# Done once: a stamp in .venv remembers pyproject.toml and constraints.txt.
# PYTHON=... chooses the interpreter, VENV=... the folder.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
extra="${1:?which extra of pyproject.toml, such as all or dev?}"
venv="${VENV:-.venv}"
stamp="$venv/.installed-$extra"

say() { printf '==> %s\n' "$*"; }

is_supported() {
    "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
        >/dev/null 2>&1
}

find_python() {
    local name
    for name in ${PYTHON:+"$PYTHON"} python3 python3.11 python3.12 python3.13; do
        if command -v "$name" >/dev/null && is_supported "$name"; then
            echo "$name"
            return
        fi
    done
    echo "Python 3.11, 3.12 or 3.13 is needed; python3 here is" \
        "$(python3 --version 2>&1 || true). Install one, or name it: make PYTHON=..." >&2
    return 1
}

can_make_venv() { "$1" -c 'import ensurepip, venv' >/dev/null 2>&1; }

install_venv_module() {
    local version package run=()
    version="$("$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])')"
    package="python$version-venv"
    [ "$(id -u)" = 0 ] || run=(sudo -n)
    if command -v apt-get >/dev/null &&
        { [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null; }; then
        say "Installing system package: $package"
        local apt=("${run[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq
            -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300)
        "${apt[@]}" update || true
        "${apt[@]}" install --yes "$package" >/dev/null || true
        can_make_venv "$1" && return
    fi
    {
        echo
        echo "Python's venv module is missing and cannot be installed without asking."
        echo "Type this once, then try again:"
        echo
        echo "    sudo apt-get update && sudo apt-get install -y $package"
        echo
    } >&2
    return 1
}

make_venv() {
    local python
    if [ -x "$venv/bin/python" ] && is_supported "$venv/bin/python" &&
        "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
        return
    fi
    python="$(find_python)"
    can_make_venv "$python" || install_venv_module "$python"
    say "Making $venv with $("$python" --version)"
    "$python" -m venv --clear "$venv"
}

wanted_state() { cat pyproject.toml constraints.txt | cksum; }

install_packages() {
    local pip=("$venv/bin/python" -m pip install -qq --disable-pip-version-check
        --constraint constraints.txt)
    say "Installing Python packages into $venv; PyTorch is large, this takes minutes"
    # The build backend comes first: with it here, the editable install needs no
    # second, unpinned environment.
    "${pip[@]}" hatchling editables
    "${pip[@]}" --no-build-isolation --editable ".[$extra]"
}

is_installed() {
    local state known
    state="$(wanted_state)"
    for known in "$stamp" "$venv/.installed-dev"; do # dev holds every other extra
        [ "$(cat "$known" 2>/dev/null)" = "$state" ] && return
    done
    return 1
}

make_venv
if ! is_installed; then
    started=$SECONDS
    install_packages
    wanted_state >"$stamp"
    say "Python packages are ready after $((SECONDS - started)) s"
fi
