# shellcheck shell=bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What the scripts of this folder share; sourced from the top of the source tree.

# say TEXT...: one line of what happens now.
say() {
        printf '==> %s\n' "$*"
}

# install_dependencies KIND...: installs what scripts/dependencies lists for these kinds and is missing.
install_dependencies() {
        local missing=() kind package
        while read -r kind package; do
                [[ " $* " == *" $kind "* ]] || continue
                # shellcheck disable=SC2016 # dpkg-query expands it
                [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) == installed ]] ||
                        missing+=("$package")
        done < <(grep -E '^(build|test) ' scripts/dependencies)
        ((${#missing[@]})) || return 0
        if ((EUID)); then
                say "missing and not installable without root: ${missing[*]}"
                return 0
        fi
        say "installing ${#missing[@]} Debian packages: ${missing[*]}"
        export DEBIAN_FRONTEND=noninteractive
        # SYSTEMD_OFFLINE: whatever a package would start stays stopped
        SYSTEMD_OFFLINE=1 apt-get -qq update
        SYSTEMD_OFFLINE=1 apt-get -qq install -y --no-install-recommends "${missing[@]}" >/dev/null
}

# build PRESET [CMAKE_ARGUMENT...]: configures and builds, quietly unless it fails.
build() {
        local preset=$1 log=build/$1.log
        shift
        mkdir -p build
        say "building with the $preset preset (a minute or two the first time)"
        if ! { cmake --preset "$preset" "$@" && cmake --build --preset "$preset"; } >"$log" 2>&1; then
                tail -n 40 "$log"
                say "the $preset preset does not build; all it said is in $log"
                return 1
        fi
}

# build_programs: the programs of the release, without their tests.
build_programs() {
        build release -DBUILD_TESTING=OFF
}
