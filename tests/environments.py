"""Applications for tests: each is made from an environment of its own, with every part new."""

from __future__ import annotations

from contextlib import AbstractContextManager

from sextant import bootstrap


def changed(**variables: str) -> AbstractContextManager[bootstrap.Application]:
    """Within it the application is one of the present environment with `variables` changed; an empty one is as good as none."""
    return bootstrap.installed({**bootstrap.application().environment, **variables})
