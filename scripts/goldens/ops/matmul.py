"""Matrix products."""

from case import Case


def einsum(equation, *shapes):
    return Case("einsum", equation, [list(shapes)], {"equation": equation})


CASES = [
    Case("linear", "a matrix with bias", [(4, 5), (3, 5), (3,)]),
    Case("linear", "a sequence with bias", [(2, 4, 5), (3, 5), (3,)]),
    Case("linear", "a map, no bias", [(2, 2, 2, 5), (3, 5)]),
    Case("linear", "a vector", [(5,), (3, 5), (3,)]),
    Case("matmul", "matrices", [(3, 4), (4, 5)]),
    Case("matmul", "batches", [(2, 3, 4), (2, 4, 5)]),
    Case("matmul", "batches by a matrix", [(2, 3, 4), (4, 5)]),
    Case("matmul", "a matrix by batches", [(3, 4), (2, 4, 5)]),
    Case("matmul", "broadcast batches", [(2, 1, 3, 4), (3, 4, 2)]),
    Case("matmul", "vectors", [(4,), (4,)]),
    Case("matmul", "a vector by a matrix", [(4,), (4, 3)]),
    Case("matmul", "batches by a vector", [(2, 3, 4), (4,)]),
    Case("bmm", "batches", [(2, 3, 4), (2, 4, 5)]),
    Case("bmm", "a batch of one", [(1, 2, 3), (1, 3, 2)]),
    Case("addmm", "a bias vector", [(5,), (3, 4), (4, 5)]),
    Case("addmm", "beta and alpha", [(3, 5), (3, 4), (4, 5)], {"beta": 0.5, "alpha": 2}),
    Case("addmm", "a column", [(3, 1), (3, 4), (4, 5)]),
    einsum("ij,jk->ik", (3, 4), (4, 5)),
    einsum("bhqd,bhkd->bhqk", (2, 2, 3, 4), (2, 2, 5, 4)),
    einsum("bij,bjk", (2, 3, 4), (2, 4, 5)),
    einsum("i,j->ij", (3,), (4,)),
    einsum("ij->ji", (3, 4)),
    einsum("ijk->j", (2, 3, 4)),
    einsum("...ij,...jk->...ik", (2, 1, 3, 4), (3, 4, 2)),
    einsum("bn,anm,bm->ba", (2, 3), (4, 3, 5), (2, 5)),
    einsum("nchw,cd->ndhw", (2, 3, 2, 2), (3, 4)),
    einsum("ij,ij->", (3, 4), (3, 4)),
]
