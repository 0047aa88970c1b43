#!/usr/bin/env bash
# run.sh FOLDER DEVICE COMMAND…: runs COMMAND on a device that has a GPU's compiler and executes
# nothing: each pipeline is compiled as the GPU would get it, each submission succeeds and computes
# nothing. FOLDER is what fetch.sh filled. DEVICE is amd:navi31, amd:vega10 or another of RADV's
# names, nvidia:0x172 (Ampere), apple (M1), adreno:740, or lavapipe, which executes. What the
# compiler made of a pipeline goes to standard error where the driver can tell.
set -euo pipefail
root=$(realpath "${1:?expected a folder}")/system
device=${2:?expected a device}
shift 2
libraries=$root/usr/lib/x86_64-linux-gnu
export XDG_RUNTIME_DIR="${XDG_RUNTIME_DIR:-/tmp}" MESA_SHADER_CACHE_DISABLE=true
export WGPU_BACKEND=vulkan VK_LOADER_LAYERS_DISABLE='*'
case $device in
    amd:*)
        shim=amdgpu icd=radeon
        export AMDGPU_GPU_ID="${device#*:}" RADV_DEBUG="${RADV_DEBUG-shaderstats,nocache}"
        ;;
    nvidia:*)
        shim=nouveau icd=nouveau
        export NOUVEAU_CHIPSET="${device#*:}" NAK_DEBUG="${NAK_DEBUG-}"
        ;;
    adreno:740)
        shim=freedreno icd=freedreno
        export FD_GPU_ID=740 FD_CHIP_ID=43050a01 IR3_SHADER_DEBUG="${IR3_SHADER_DEBUG-cs}"
        ;;
    apple)
        shim=asahi icd=asahi
        export AGX_MESA_DEBUG="${AGX_MESA_DEBUG-shaderdb}"
        ;;
    lavapipe) shim='' icd=lvp ;;
    *)
        echo "run.sh: unknown device $device" >&2
        exit 2
        ;;
esac
# shellcheck disable=SC2206 # a pattern
manifest=("$root"/usr/share/vulkan/icd.d/${icd}_icd*.json)
own=$(mktemp --suffix=.json)
trap 'rm -f "$own"' EXIT
sed -E "s#(\"library_path\": *\")([^\"]*/)?#\1$libraries/#" "${manifest[0]}" >"$own"
export VK_DRIVER_FILES="$own" VK_ICD_FILENAMES="$own"
arguments=(--library-path "$libraries")
[ -z "$shim" ] || arguments+=(--preload "$libraries/lib${shim}_noop_drm_shim.so")
"$libraries/ld-linux-x86-64.so.2" "${arguments[@]}" "$@"
