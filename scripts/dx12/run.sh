#!/usr/bin/env bash
# run.sh FOLDER PROGRAM.exe ARGUMENTS…: runs a Windows program through wine, so that wgpu uses
# DX12: its HLSL is compiled by Microsoft's FXC, and wine's Direct3D 12 runs on Mesa's software
# driver. FOLDER is what fetch.sh filled; no dxcompiler.dll may be beside the program, as then there
# is no adapter. build.sh makes the program.
set -euo pipefail
folder=$(realpath "${1:?expected a folder}")
cp -u "${2:?expected a program}" "$folder/run/"
program=$(basename "$2")
shift 2
export DISPLAY=:97 WINEPREFIX="$folder/prefix" WINEARCH=win64 WINEDEBUG=-all
export WINEDLLOVERRIDES="d3dcompiler_47=n;mscoree,mshtml="
export WGPU_BACKEND=dx12 VK_DRIVER_FILES="$folder/lvp.json" VK_ICD_FILENAMES="$folder/lvp.json"
export LD_LIBRARY_PATH="$folder/mesa/usr/lib/x86_64-linux-gnu"
export XDG_RUNTIME_DIR="${XDG_RUNTIME_DIR:-/tmp}"
screen=
if ! [ -S /tmp/.X11-unix/X97 ]; then
    Xvfb :97 -screen 0 640x480x24 >/dev/null 2>&1 &
    screen=$!
    sleep 1
fi
trap '[ -z "$screen" ] || kill "$screen"' EXIT
cd "$folder/run"
wine "$program" "$@"
