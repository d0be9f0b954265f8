"""Golden cases of the ATen ops, one module per group; each lists its cases in CASES."""
