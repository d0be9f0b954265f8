#!/bin/sh
# Makes src/codec/generated/coreml/ from Core ML's message definitions. Run it again only to move to newer ones.
#
#   scripts/generate-coreml.sh PYTHON TOOLS
#
# PYTHON is an interpreter where coremltools is installed, which carries the definitions; generate-coreml.py says which of
# them are kept. The checked-in files were made from coremltools 9.0.
# TOOLS is a folder outside this project where the generators were installed, as generate-onnx.sh says.
set -eu

python=$1
tools=$(cd "$2" && pwd)/node_modules/.bin
project=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$python" "$project/scripts/generate-coreml.py" "$work/coreml.binpb"
cat >"$work/buf.gen.yaml" <<EOF
version: v2
plugins:
  - local: $tools/protoc-gen-es
    out: out
    opt: [target=ts, import_extension=ts, erasable_syntax=true]
EOF
(cd "$work" && "$tools/buf" generate coreml.binpb)
mkdir -p "$project/src/codec/generated/coreml"
cp "$work"/out/*_pb.ts "$project/src/codec/generated/coreml/"
