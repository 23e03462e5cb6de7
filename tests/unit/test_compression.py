"""Which answers are compressed, and what a tag of one means in a request."""

from __future__ import annotations

import pytest

from functions.api.http.compression import _takes_gzip, tagged, untagged


@pytest.mark.parametrize(
    ("accepted", "takes"),
    [
        ("", False),
        ("gzip", True),
        ("GZIP, deflate, br", True),
        ("br;q=1.0, gzip;q=0.5", True),
        ("gzip;q=0", False),
        ("gzip;q=0.000", False),
        ("*", True),
        ("*;q=0", False),
        ("identity", False),
        ("gzip;q=0, *", False),
    ],
)
def test_gzip_goes_to_who_takes_it(accepted: str, takes: bool) -> None:
    assert _takes_gzip(accepted) is takes


def test_the_tag_of_a_compressed_answer_names_the_same_state() -> None:
    headers = {"if-none-match": f'{tagged(chr(34) + "a.3" + chr(34))}, "b.1"', "if-match": '"a.3"'}
    untagged(headers)
    assert headers == {"if-none-match": '"a.3", "b.1"', "if-match": '"a.3"'}
    assert tagged("W/none") == "W/none"
