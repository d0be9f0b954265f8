"""Writes what lowbit needs of Core ML's message definitions, as one binary file of descriptors.

generate-coreml.sh runs this with a Python where coremltools is installed, whose modules carry the definitions.
"""

import sys

from coremltools.proto import FeatureTypes_pb2, MIL_pb2, Model_pb2
from google.protobuf import descriptor_pb2

# The fields to keep, by message; other messages of these two files go. The definitions of ML programs stay whole.
KEPT = {
    "Model": ["specificationVersion", "description", "mlProgram"],
    "ModelDescription": ["input", "output", "metadata"],
    "FeatureDescription": ["name", "shortDescription", "type"],
    "Metadata": ["shortDescription", "versionString", "author", "license", "userDefined"],
    "FeatureType": ["multiArrayType", "isOptional"],
    "ArrayFeatureType": ["shape", "dataType", "enumeratedShapes", "shapeRange"],
    "SizeRange": ["lowerBound", "upperBound"],
}
FILES = {"FeatureTypes.proto": "features.proto", "MIL.proto": "mil.proto", "Model.proto": "model.proto"}


def definitions(module, prune):
    file = descriptor_pb2.FileDescriptorProto()
    module.DESCRIPTOR.CopyToProto(file)
    imports = [name for name in file.dependency if name in FILES]
    del file.dependency[:], file.public_dependency[:]
    file.dependency.extend(FILES[name] for name in imports)
    file.name = FILES[file.name]
    if prune:
        messages = [message for message in file.message_type if message.name in KEPT]
        for message in messages:
            keep_fields(message)
        del file.message_type[:], file.enum_type[:]
        file.message_type.extend(messages)
    return file


def keep_fields(message):
    fields = [field for field in message.field if field.name in KEPT[message.name]]
    used = sorted({field.oneof_index for field in fields if field.HasField("oneof_index")})
    unions = [message.oneof_decl[index].name for index in used]
    for field in fields:
        if field.HasField("oneof_index"):
            field.oneof_index = used.index(field.oneof_index)
    del message.field[:], message.oneof_decl[:]
    message.field.extend(fields)
    for name in unions:
        message.oneof_decl.add(name=name)


modules = [(FeatureTypes_pb2, True), (MIL_pb2, False), (Model_pb2, True)]
descriptors = descriptor_pb2.FileDescriptorSet(file=[definitions(*module) for module in modules])
with open(sys.argv[1], "wb") as out:
    out.write(descriptors.SerializeToString())
