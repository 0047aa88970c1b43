#!/usr/bin/env bash
# fetch.sh FOLDER: what the DX12 backend needs on Debian 12, as root. Installed are wine, mingw,
# Xvfb, npm and Rust's Windows target; into FOLDER go a newer Mesa from backports and Microsoft's
# shader compiler FXC, d3dcompiler_47.dll, which npm's package webgpu brings.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
folder=$(realpath -m "${1:?expected a folder}")
if [ -e "$folder/lvp.json" ]; then
    exit 0
fi
if ! grep -q '^VERSION_CODENAME=bookworm' /etc/os-release || [ "$(id -u)" -ne 0 ]; then
    echo "fetch.sh: expected Debian 12, and root" >&2
    exit 1
fi
mkdir -p "$folder"/{run,mesa,apt/lists/partial}
packages=(g++-mingw-w64-x86-64-win32 wine wine64 xvfb libvulkan1 libllvm15)
command -v npm >/dev/null 2>&1 || packages+=(npm)
apt-get update -q
DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${packages[@]}"

# The mirror that this machine uses, with packages of another suite.
# shellcheck disable=SC2016 # apt's variable
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' |
    grep -E '/debian/?$' | head -n 1)
keys=/usr/share/keyrings/debian-archive-keyring.gpg
echo "deb [signed-by=$keys] $mirror bookworm-backports main" >"$folder/apt/sources.list"
options=(-o Dir::Etc::sourcelist="$folder/apt/sources.list" -o Dir::Etc::sourceparts=-
    -o Dir::State::lists="$folder/apt/lists" -o Dir::Cache="$folder/apt" -o APT::Sandbox::User=root)
apt-get "${options[@]}" update -q
for package in mesa-vulkan-drivers libdrm2 libdrm-amdgpu1; do
    (cd "$folder/apt" && apt-get "${options[@]}" download -q "$package")
done
for package in "$folder"/apt/*.deb; do
    dpkg-deb -x "$package" "$folder/mesa"
done

dll=package/dist/win32-x64/d3dcompiler_47.dll
(cd "$folder" && npm pack --silent webgpu@0.6.2 && tar xzf webgpu-0.6.2.tgz "$dll")
cp "$folder/$dll" "$folder/run/"
x86_64-w64-mingw32-gcc -O1 -shared -o "$folder/run/bcryptprimitives.dll" \
    "$here/bcryptprimitives.c" -ladvapi32
rustup target add x86_64-pc-windows-gnu
# Last, as it says that all is there.
sed -E "s#(\"library_path\": *\")([^\"]*/)?#\1$folder/mesa/usr/lib/x86_64-linux-gnu/#" \
    "$folder"/mesa/usr/share/vulkan/icd.d/lvp_icd*.json >"$folder/lvp.json"
