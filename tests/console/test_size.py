"""What the console weighs, and that nothing of it is inline."""

from __future__ import annotations

import gzip
import re

from tools.console import BUILT

ALL_BYTES = 90_000
FIRST_PAGE_BYTES = 45_000


def test_all_javascript_and_that_of_the_first_page_stay_small() -> None:
    scripts = {file.name: len(gzip.compress(file.read_bytes())) for file in (BUILT / "assets").glob("*.js")}
    page = (BUILT / "index.html").read_text()
    first = [name for name in scripts if name in page]

    assert first
    assert sum(scripts.values()) <= ALL_BYTES, scripts
    assert sum(scripts[name] for name in first) <= FIRST_PAGE_BYTES, first


def test_the_page_has_no_inline_script_or_style() -> None:
    page = (BUILT / "index.html").read_text()

    assert re.findall(r"<script(?![^>]*\bsrc=)", page) == []
    assert "<style" not in page
    assert "style=" not in page
