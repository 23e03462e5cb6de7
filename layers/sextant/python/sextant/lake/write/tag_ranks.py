"""The order of many rows by their tags."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sextant.lake.table.columns import canonical_tags

Codes = npt.NDArray[np.int64]


def tag_ranks(column: pa.ChunkedArray) -> Codes:
    """The rank of each row's tags, by their canonical text, among all that the column holds."""
    array = column.combine_chunks()
    offsets = array.offsets.to_numpy()
    (keys, key_texts), (values, value_texts) = _coded(array.keys), _coded(array.items)
    first, place = _distinct(offsets, keys * len(value_texts) + values, len(key_texts) * len(value_texts) + 1)
    texts = [
        canonical_tags(
            (key_texts[keys[pair]], value_texts[values[pair]])
            for pair in range(offsets[row], offsets[row + 1])
        )
        for row in first.tolist()
    ]
    rank_of = {text: rank for rank, text in enumerate(sorted(set(texts)))}
    return np.array([rank_of[text] for text in texts], np.int64)[place]


def _coded(texts: pa.StringArray) -> tuple[Codes, list[str]]:
    encoded = texts.dictionary_encode()
    return encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64), encoded.dictionary.to_pylist()


def _distinct(offsets: npt.NDArray[np.int32], pairs: Codes, kinds: int) -> tuple[Codes, Codes]:
    """A row of each distinct list of pairs, and each row's place among those."""
    starts, counts = offsets[:-1], np.diff(offsets)
    numbers, bound = np.zeros(len(counts), np.int64), 1
    for nth in range(int(counts.max(initial=0))):
        if bound * kinds >= 1 << 62:
            distinct, numbers = np.unique(numbers, return_inverse=True)
            bound = len(distinct)
        there = counts > nth
        numbers *= kinds
        numbers[there] += pairs[starts[there] + nth] + 1
        bound *= kinds
    _, first, place = np.unique(numbers, return_index=True, return_inverse=True)
    return first, place
