#!/bin/sh
# Makes src/codec/generated/onnx_pb.ts from ONNX's message definitions. Run it again only to move to a newer ONNX.
#
#   scripts/generate-onnx.sh ONNX_ML_PROTO TOOLS
#
# ONNX_ML_PROTO is the file onnx-ml.proto: the Python wheel of `onnx` carries it beside the package's modules, and the
# ONNX source tree in its folder `onnx/`. The checked-in file was made from onnx 1.23.2.
# TOOLS is a folder outside this project where the generators were installed:
#   npm install --prefix TOOLS @bufbuild/buf@1.75.0 @bufbuild/protoc-gen-es@2.17.0
# protoc-gen-es has to have the version of @bufbuild/protobuf that package.json asks for.
set -eu

proto=$1
tools=$(cd "$2" && pwd)/node_modules/.bin
project=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cp "$proto" "$work/onnx.proto"
cat >"$work/buf.yaml" <<EOF
version: v2
EOF
cat >"$work/buf.gen.yaml" <<EOF
version: v2
plugins:
  - local: $tools/protoc-gen-es
    out: out
    opt: [target=ts, import_extension=ts, erasable_syntax=true]
EOF
(cd "$work" && "$tools/buf" generate)
mkdir -p "$project/src/codec/generated"
cp "$work/out/onnx_pb.ts" "$project/src/codec/generated/onnx_pb.ts"
