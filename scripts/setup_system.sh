#!/usr/bin/env bash
# Makes sure that the system has what pip cannot bring.
#
#   scripts/setup_system.sh [qt] [screen]
#
#   qt      what Qt and napari load: xcb, OpenGL, fonts
#   screen  Xvfb, the virtual screen of the window tests
#
# Asks no questions: what is missing is installed with apt-get where that works
# without a password; otherwise the line to type is printed and the script fails.
set -euo pipefail

PATH="$PATH:/usr/sbin:/sbin" # ldconfig lives there on Debian

# library that is loaded = package of Debian and Ubuntu that holds it
qt_libraries=(
    libEGL.so.1=libegl1
    libGL.so.1=libgl1
    libX11-xcb.so.1=libx11-xcb1
    libdbus-1.so.3=libdbus-1-3
    libfontconfig.so.1=libfontconfig1
    libglib-2.0.so.0=libglib2.0-0
    libxcb-cursor.so.0=libxcb-cursor0
    libxcb-icccm.so.4=libxcb-icccm4
    libxcb-image.so.0=libxcb-image0
    libxcb-keysyms.so.1=libxcb-keysyms1
    libxcb-randr.so.0=libxcb-randr0
    libxcb-render-util.so.0=libxcb-render-util0
    libxcb-shape.so.0=libxcb-shape0
    libxcb-xkb.so.1=libxcb-xkb1
    libxkbcommon-x11.so.0=libxkbcommon-x11-0
    libxkbcommon.so.0=libxkbcommon0
)

say() { printf '==> %s\n' "$*"; }

missing_packages() {
    local part entry known
    known="$(ldconfig -p 2>/dev/null || true)"
    for part in "$@"; do
        case "$part" in
        qt)
            for entry in "${qt_libraries[@]}"; do
                grep -qF -- "${entry%%=*} " <<<"$known" || echo "${entry#*=}"
            done
            # software OpenGL, loaded by name only when a window opens
            [ -n "$(find /usr/lib /usr/lib64 \( -name swrast_dri.so -o \
                -name 'libgallium*.so' \) -print -quit 2>/dev/null)" ] ||
                echo libgl1-mesa-dri
            ;;
        screen)
            command -v Xvfb >/dev/null || echo xvfb
            ;;
        *)
            echo "setup_system.sh: unknown part '$part', expected qt or screen" >&2
            return 2
            ;;
        esac
    done
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    else
        sudo -n "$@"
    fi
}

can_install() {
    command -v apt-get >/dev/null || return 1
    [ "$(id -u)" = 0 ] && return 0
    command -v sudo >/dev/null && sudo -n true 2>/dev/null
}

install_packages() {
    local quiet=(-qq -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300)
    as_root env DEBIAN_FRONTEND=noninteractive apt-get "${quiet[@]}" update || true
    as_root env DEBIAN_FRONTEND=noninteractive apt-get "${quiet[@]}" install \
        --yes --no-install-recommends "$@" >/dev/null
}

main() {
    local packages=() packages_text
    if [ "$(uname -s)" != Linux ]; then
        exit 0 # Qt's wheels bring everything on macOS and Windows
    fi
    packages_text="$(missing_packages "$@")"
    mapfile -t packages < <(printf '%s' "$packages_text")
    if [ "${#packages[@]}" = 0 ]; then
        exit 0
    fi
    if can_install; then
        say "Installing system packages: ${packages[*]}"
        if install_packages "${packages[@]}"; then
            exit 0
        fi
    fi
    {
        echo
        echo "The system lacks: ${packages[*]}"
        echo "They cannot be installed without asking. Type this once, then try again:"
        echo
        echo "    sudo apt-get update && sudo apt-get install -y ${packages[*]}"
        echo
    } >&2
    exit 1
}

main "$@"
