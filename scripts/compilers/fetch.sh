#!/usr/bin/env bash
# fetch.sh FOLDER [SUITE]: puts GPUs' compilers into FOLDER/system: a newer Mesa from Debian's SUITE
# (sid, if nothing is said), its shims that pretend a GPU, and what both link. Nothing is
# installed. About 90 MB to load, 420 MB on the disk. What is there stays.
set -euo pipefail
folder=$(realpath -m "${1:?expected a folder}")
suite=${2:-sid}
if ls "$folder"/system/usr/lib/x86_64-linux-gnu/lib*_noop_drm_shim.so >/dev/null 2>&1; then
    exit 0
fi
if [ "$(uname -sm)" != "Linux x86_64" ] || ! command -v apt-get dpkg-deb >/dev/null; then
    echo "fetch.sh: the packages are Debian's for Linux on x86-64" >&2
    exit 1
fi
# The mirror that this machine uses, with packages of another suite.
# shellcheck disable=SC2016 # apt's variable
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' |
    grep -E '/debian/?$' | head -n 1 || true)
if [ -z "$mirror" ]; then
    echo "fetch.sh: apt knows no mirror of Debian" >&2
    exit 1
fi
mkdir -p "$folder"/{system,apt/lists/partial,apt/archives/partial}
: >"$folder/apt/status"
keys=/usr/share/keyrings/debian-archive-keyring.gpg
echo "deb [signed-by=$keys] $mirror $suite main" >"$folder/apt/sources.list"
options=(-o Dir::Etc::sourcelist="$folder/apt/sources.list" -o Dir::Etc::sourceparts=-
    -o Dir::State::lists="$folder/apt/lists" -o Dir::State::status="$folder/apt/status"
    -o Dir::Cache="$folder/apt" -o APT::Architectures=amd64 -o APT::Sandbox::User=root)
apt-get "${options[@]}" update -q
apt-get "${options[@]}" install -q -y --no-install-recommends --download-only \
    mesa-vulkan-drivers mesa-drm-shim libvulkan1 libc6
for package in "$folder"/apt/archives/*.deb; do
    dpkg-deb -x "$package" "$folder/system"
done
rm -rf "$folder/apt"
ls "$folder"/system/usr/lib/x86_64-linux-gnu/lib*_noop_drm_shim.so
