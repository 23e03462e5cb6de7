"""Rings of blocks that are linked each with the next, solved by cyclic reduction: half of the nodes are taken out at a time.

All is done elementwise and in one order, so that every processor computes the same bits.
"""

from __future__ import annotations

import numpy as np

from sextant.engine.system import FloatArray

DEPENDENT = 1e-14
"""A pivot that has shrunk to this share of what it was is rounding."""


class Ring:
    """A symmetric positive definite matrix of S × S blocks: one for each node of a ring, one for each link with the next."""

    def __init__(self, diagonal: FloatArray, coupling: FloatArray) -> None:
        """Take out every other node until one is left; the blocks are [S, S, rings, nodes]."""
        self._taken: list[tuple[FloatArray, FloatArray, FloatArray]] = []
        each = np.arange(len(diagonal))
        floor = DEPENDENT * diagonal[each, each]
        while diagonal.shape[3] > 1:
            odd = diagonal.shape[3] % 2
            gone = slice(1, diagonal.shape[3] - odd, 2)
            inverse = _inverse(diagonal[..., gone].copy(), floor[..., gone])
            before = coupling[..., 0 : diagonal.shape[3] - odd : 2].copy()
            after = coupling[..., gone].copy()
            self._taken.append((inverse, before, after))
            pairs = before.shape[3]
            from_before = _product(before, inverse)
            rest, links = diagonal[..., ::2].copy(), coupling[..., ::2].copy()
            rest[..., :pairs] -= _product(from_before, before.swapaxes(0, 1))
            # Where the nodes are odd in number the last stays, linked with the first as it was.
            links[..., :pairs] = -_product(from_before, after)
            _take_from_next(rest, _product(_product(after.swapaxes(0, 1), inverse), after))
            diagonal, coupling, floor = rest, links, floor[..., ::2]
        self._last = _inverse(diagonal + coupling + coupling.swapaxes(0, 1), floor)

    def solve(self, right: FloatArray) -> FloatArray:
        """The solution for right sides [S, rings, nodes]."""
        kept: list[FloatArray] = []
        for inverse, before, after in self._taken:
            kept.append(right)
            own = _applied(inverse, right[..., 1 : right.shape[2] - right.shape[2] % 2 : 2])
            rest = right[..., ::2].copy()
            rest[..., : before.shape[3]] -= _applied(before, own)
            _take_from_next(rest, _applied(after.swapaxes(0, 1), own))
            right = rest
        solved = _applied(self._last, right)
        for (inverse, before, after), right in zip(self._taken[::-1], kept[::-1], strict=True):
            odd = right.shape[2] % 2
            gone = slice(1, right.shape[2] - odd, 2)
            following = solved[..., 1:] if odd else np.roll(solved, -1, axis=2)
            own = right[..., gone] - _applied(before.swapaxes(0, 1), solved[..., : before.shape[3]])
            whole = np.empty_like(right)
            whole[..., ::2] = solved
            whole[..., gone] = _applied(inverse, own - _applied(after, following))
            solved = whole
        return solved


def _take_from_next(nodes: FloatArray, parts: FloatArray) -> None:
    """Take each part from the node that follows its own; that of the last is the first, unless that one has none before it."""
    if parts.shape[-1] < nodes.shape[-1]:
        nodes[..., 1:] -= parts
    else:
        nodes -= np.roll(parts, 1, axis=-1)


def _product(one: FloatArray, other: FloatArray) -> FloatArray:
    """Products of blocks [S, S, …]."""
    result: FloatArray = one[:, 0, None] * other[None, 0]
    for inner in range(1, one.shape[1]):
        result += one[:, inner, None] * other[None, inner]
    return result


def _applied(blocks: FloatArray, vectors: FloatArray) -> FloatArray:
    """Blocks [S, S, …] times vectors [S, …]."""
    result: FloatArray = blocks[:, 0] * vectors[0]
    for inner in range(1, blocks.shape[1]):
        result += blocks[:, inner] * vectors[inner]
    return result


def _inverse(blocks: FloatArray, floor: FloatArray) -> FloatArray:
    """Inverses of blocks [S, S, …], in place, by Gauss and Jordan; a pivot at its floor [S, …] stands for no step in its direction."""
    for pivot in range(len(blocks)):
        own = blocks[pivot, pivot]
        usable = own > floor[pivot]
        scale = np.where(usable, 1.0 / np.where(usable, own, 1.0), 0.0)
        row = blocks[pivot] * scale
        column = blocks[:, pivot].copy()
        column[pivot] = 0.0
        blocks -= column[:, None] * row[None]
        blocks[:, pivot] = -column * scale
        blocks[pivot] = row
        blocks[pivot, pivot] = scale
    return blocks
