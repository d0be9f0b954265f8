"""Makes test/goldens/yaml-scalars.json: what PyYAML makes of plain and tagged scalars.

A value stands as [type, text], so that true and 1, 1 and 1.0 are told apart and infinities can be written."""

import yaml
from store import write_json

WORDS = "no yes on off true false y n null inf nan".split()
NUMBERS = """0 -0 +0 1 +1 -1 010 -010 0o10 08 09 0x1F -0x1f 0X1F 0x 0b101 0b2 0b 1_000 1__0 _1 1_ 1e3 1E3 1.0e3 1.0e+3
1.0e-3 1.e+3 1e+3 .5 -.5 +.5 .5e+1 ._1 1. 1.5 -1.5 +1.5 1_.5 0.1_5 12e03 6.02e+23 6.02e23 1:30 -1:30 1:30.5 190:20:30 1:60
1:5:9 .inf -.inf +.inf .Inf .INF .iNF .nan .NaN .NAN -.nan . + - ... 1.2.3 1,000 1-2 ٣""".split()
OTHERS = """~ '010' "no" !!str&5 !!int&"5" !!float&1 !!float&"1e3" !!bool&yes !!bool&"no" !!null&"" """.split()


def scalars():
    yield ""
    for word in WORDS:
        yield from (word, word.capitalize(), word.upper(), word[0] + word[1:].upper())
    yield from NUMBERS
    yield from (other.replace("&", " ") for other in OTHERS)


def meaning(scalar):
    try:
        value = yaml.safe_load(f"k: {scalar}")["k"]
    except (yaml.YAMLError, ValueError, TypeError):
        return ["error", ""]
    return [type(value).__name__, "" if value is None else str(value)]


if __name__ == "__main__":
    cases = [{"scalar": scalar, "meaning": meaning(scalar)} for scalar in dict.fromkeys(scalars())]
    print(f"{len(cases)} scalars, {write_json('yaml-scalars', pyyaml=yaml.__version__, cases=cases)} bytes")
