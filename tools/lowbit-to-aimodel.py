"""Makes Core AI models (.aimodel) of programs that lowbit wrote (.pt2).

Needs: pip install --pre torch coreai-core==1.0.0b3 coreai-torch==0.4.3
Usage: python lowbit-to-aimodel.py MODEL.pt2 [MODEL.aimodel]
"""

import sys
from pathlib import Path

import coreai_torch._compression.custom_layers  # registers the operations that the program calls
import torch
from coreai_torch import TorchConverter, get_decomp_table


def main(source: str, target: str | None = None) -> None:
    asset = Path(target) if target else Path(source).with_suffix(".aimodel")
    if asset.exists():
        raise SystemExit(f'Cannot write "{asset}": expected no file of that name, got one')
    program = torch.export.load(source).run_decompositions(get_decomp_table())
    TorchConverter().add_exported_program(program).to_coreai().save_asset(asset)
    print(asset)


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        raise SystemExit(__doc__)
    main(*sys.argv[1:])
