"""Rings of blocks that are linked each with the next, solved by cyclic reduction: half of the nodes are taken out at a time.

A node's block is kept as what it holds beyond its links. Links of a storage that is amid its limits are greater than that by
more than the digits of a number, and a difference of the two would lose it; sums do not (Grassmann, Taksar and Heyman, Oper.
Res. 33, 1985, for Markov chains). All is done elementwise and in one order, so that every processor computes the same bits.
"""

from __future__ import annotations

import numpy as np

from sextant.engine.system import FloatArray

DEPENDENT = 1e-14
"""A pivot that has shrunk to this share of what it was is rounding."""


class Ring:
    """A symmetric positive definite matrix of S × S blocks: one for each node of a ring, one for each link with the next."""

    def __init__(self, excess: FloatArray, links: FloatArray) -> None:
        """Take out every other node until one is left.

        Both are blocks [S, S, rings, nodes]: minus `links` couples a node with the next, and a node's own block is its `excess` and
        its links on both sides.
        """
        self._taken: list[tuple[FloatArray, FloatArray, FloatArray]] = []
        while excess.shape[3] > 1:
            odd = excess.shape[3] % 2
            gone = slice(1, excess.shape[3] - odd, 2)
            before = links[..., 0 : excess.shape[3] - odd : 2].copy()
            after = links[..., gone].copy()
            inverse = _inverse(excess[..., gone] + before.swapaxes(0, 1) + after)
            self._taken.append((inverse, -before, -after))
            pairs = before.shape[3]
            from_before = _product(before, inverse)
            from_after = _product(after.swapaxes(0, 1), inverse)
            rest, further = excess[..., ::2].copy(), links[..., ::2].copy()
            rest[..., :pairs] += _product(from_before, excess[..., gone])
            _add_to_next(rest, _product(from_after, excess[..., gone]))
            # Where the nodes are odd in number the last stays, linked with the first as it was.
            further[..., :pairs] = _product(from_before, after)
            excess, links = rest, further
        self._last = _inverse(excess.copy())

    def solve(self, right: FloatArray) -> FloatArray:
        """The solution for right sides [S, rings, nodes]."""
        kept: list[FloatArray] = []
        for inverse, before, after in self._taken:
            kept.append(right)
            own = _applied(inverse, right[..., 1 : right.shape[2] - right.shape[2] % 2 : 2])
            rest = right[..., ::2].copy()
            rest[..., : before.shape[3]] -= _applied(before, own)
            _add_to_next(rest, -_applied(after.swapaxes(0, 1), own))
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


def _add_to_next(nodes: FloatArray, parts: FloatArray) -> None:
    """Add each part to the node that follows its own; that of the last is the first, unless that one has none before it."""
    if parts.shape[-1] < nodes.shape[-1]:
        nodes[..., 1:] += parts
    else:
        nodes += np.roll(parts, 1, axis=-1)


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


def _inverse(blocks: FloatArray) -> FloatArray:
    """Inverses of blocks [S, S, …], in place, by Gauss and Jordan; a pivot at its floor stands for no step in its direction."""
    each = np.arange(len(blocks))
    floor = DEPENDENT * blocks[each, each]
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
