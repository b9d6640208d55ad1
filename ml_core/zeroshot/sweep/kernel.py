"""Compiled arithmetic of a sweep: from four inner products to answers and ranks, for many α and β, without leaving the
cache. No score outlives its picture.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

STRIDE = 32  # classes are filled up to a multiple of this, so that whole vectors are worked on
NEVER = np.float32(-1e30)  # the score of what only fills up


def _compiled(signature: str, **how: Any) -> Any:
    """Machine code, kept beside the source or in the user's cache; where neither can be written, made in a second."""

    def compile_it(function: Any) -> Any:
        try:
            return numba.njit(signature, nogil=True, cache=True, **how)(function)
        except RuntimeError:
            return numba.njit(signature, nogil=True, **how)(function)

    return compile_it


@_compiled("i8(f4[::1])")
def first_best(scores_C: Any) -> Any:
    """The place of the greatest score, the first of equal ones. Positive numbers stand in the order of their bits, and
    whole numbers are compared many at a time, which floating point ones are not."""
    bits_C = scores_C.view(np.int32)
    top = np.int32(0)
    for c in range(bits_C.shape[0]):
        top = max(top, bits_C[c])
    if top == 0:  # nothing is above zero
        return np.argmax(scores_C)
    for start in range(0, bits_C.shape[0], STRIDE):
        found = np.int32(0)
        for c in range(start, start + STRIDE):
            found += np.int32(bits_C[c] == top)
        if found:
            while bits_C[start] != top:
                start += 1
            return start
    return 0


@_compiled("void(f4[:,::1], f4[:,::1], i8, f4[:,::1], f4[:,::1], f4[::1], i8[::1], i4[:,::1], i4[:,::1])")
def answer(
    plain_BS: Any,
    added_BS: Any,
    column: Any,
    own_AC: Any,
    other_AC: Any,
    beta_Z: Any,
    label_B: Any,
    given_PB: Any,
    rank_PB: Any,
) -> None:
    """Writes, for each of A × Z points (α, β), the given class and the true class's rank of B pictures.

    `plain_BS` holds I · t in its first C columns and I · C(τ) from `column` on, `added_BS` the same of G. A score is

        ((1-β) I·t + β G·t) (1-α)/|c| + ((1-β) I·C + β G·C) α/|c|,   c = (1-α) t + α C,

    with `own_AC` = (1-α)/|c| and `other_AC` = α/|c|. It lacks the picture's own norm, which orders nothing. Of equal
    scores the class with the lower number comes first.
    """
    shares, classes = own_AC.shape
    first, second = np.empty(classes, np.float32), np.empty(classes, np.float32)
    scores = np.empty(classes, np.float32)
    for row in range(plain_BS.shape[0]):
        image, image_other = plain_BS[row, :classes], plain_BS[row, column : column + classes]
        text, text_other = added_BS[row, :classes], added_BS[row, column : column + classes]
        label = label_B[row]
        for z in range(beta_Z.shape[0]):
            beta = beta_Z[z]
            rest = np.float32(1) - beta
            for c in range(classes):
                first[c] = rest * image[c] + beta * text[c]
                second[c] = rest * image_other[c] + beta * text_other[c]
            for a in range(shares):
                own, other = own_AC[a], other_AC[a]
                for c in range(classes):
                    scores[c] = first[c] * own[c] + second[c] * other[c]
                right = scores[label]
                above, near = np.int32(0), np.int32(0)
                for c in range(classes):
                    above += np.int32(scores[c] > right)
                    near += np.int32(scores[c] >= right)
                point = a * beta_Z.shape[0] + z
                if near > above + 1:
                    for c in range(label):
                        above += np.int32(scores[c] == right)
                rank_PB[point, row] = above + 1
                given_PB[point, row] = label if above == 0 else first_best(scores)


@_compiled("void(i4[:,::1], i4[:,::1], i8[::1], i8[::1], i4[::1], i4[:,:,::1], i4[:,:,::1], i4[:,:,::1])")
def count(
    given_PB: Any,
    rank_PB: Any,
    label_B: Any,
    part_B: Any,
    k_K: Any,
    given_PFC: Any,
    right_PFC: Any,
    hits_PFK: Any,
) -> None:
    """Adds B pictures, each of one part F, to how often a class was given, given rightly, and stood within k."""
    for point in range(given_PB.shape[0]):
        for row in range(given_PB.shape[1]):
            given, rank, part = given_PB[point, row], rank_PB[point, row], part_B[row]
            given_PFC[point, part, given] += 1
            if rank == 1:
                right_PFC[point, part, given] += 1
            for k in range(k_K.shape[0]):
                hits_PFK[point, part, k] += np.int32(rank <= k_K[k])


@_compiled("f8(f4[::1], f4[::1])", fastmath={"reassoc", "contract"})
def inner(one_E: Any, other_E: Any) -> Any:
    """The inner product in float64: a temperature of .001 makes a thousandfold of what a float32 one misses."""
    total = 0.0
    for e in range(one_E.shape[0]):
        total += np.float64(one_E[e]) * np.float64(other_E[e])
    return total


@_compiled("void(f4[:,::1], i4[:,::1], f4[:,::1], f8[::1], f4[:,:,::1])")
def mix(vectors_UE: Any, text_BK: Any, owners_BE: Any, tau_T: Any, mixed_TBE: Any) -> None:
    """Writes n(Σ_k softmax_k(e_k · I / τ) e_k) of B owners at T temperatures; an infinite one weighs all alike.

    An owner without captions (-1), or with captions that cancel out, gets itself, as in `fusion.fused`.
    """
    width = vectors_UE.shape[1]
    likeness = np.empty(text_BK.shape[1], np.float64)
    for row in range(text_BK.shape[0]):
        captions = 0
        while captions < text_BK.shape[1] and text_BK[row, captions] >= 0:
            captions += 1
        for k in range(captions):
            likeness[k] = inner(vectors_UE[text_BK[row, k]], owners_BE[row])
        for t in range(tau_T.shape[0]):
            mixed = mixed_TBE[t, row]
            if captions == 0:
                mixed[:] = owners_BE[row]
                continue
            most, total = likeness[:captions].max(), 0.0
            mixed[:] = 0
            for k in range(captions):
                total += np.exp((likeness[k] - most) / tau_T[t])
            for k in range(captions):
                weight = np.float32(np.exp((likeness[k] - most) / tau_T[t]) / total)
                vector = vectors_UE[text_BK[row, k]]
                for e in range(width):
                    mixed[e] += weight * vector[e]
            length = np.float32(np.sqrt(np.dot(mixed, mixed)))
            if length > 0:
                for e in range(width):
                    mixed[e] /= length
            else:
                mixed[:] = owners_BE[row]
