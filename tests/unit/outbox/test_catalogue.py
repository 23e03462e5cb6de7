"""The catalogue of events names what is published, and the AsyncAPI document shows what it says."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

from local.runtime_api import ROOT
from sextant.bus.routing import DEFAULT_ROUTES, Routes
from sextant.outbox.catalogue import TOPICS, Topic
from tools.docs.asyncapi import DOCUMENT, example

_TOPIC = re.compile(r"""['"]([a-z_]+\.[a-z_]+)['"]""")
_STORES = ("outbox_enqueue(", "outbox_enqueue_many(", "outbox.enqueue(")


def _storing() -> dict[Path, str]:
    """The text of every function and module that stores events, but for what stores those of others."""
    files = [
        *(ROOT / "migrations/functions").rglob("*.sql"),
        *(ROOT / "layers/sextant/python/sextant").rglob("*.py"),
    ]
    own = {"outbox_enqueue.sql", "outbox_enqueue_many.sql"}
    texts = {
        file: file.read_text()
        for file in files
        if file.name not in own and "outbox" not in file.parent.parts[-1:]
    }
    return {file: text for file, text in texts.items() if any(mark in text for mark in _STORES)}


def test_every_topic_that_is_stored_is_in_the_catalogue_and_no_other() -> None:
    stored = {topic for text in _storing().values() for topic in _TOPIC.findall(text)}
    assert stored == {topic.name for topic in TOPICS}


def test_each_topic_has_a_channel() -> None:
    routes = Routes.parse(DEFAULT_ROUTES)
    assert {topic.name: routes.channel(topic.name) for topic in TOPICS if topic.name == "run.requested"} == {
        "run.requested": "runs"
    }
    assert all(routes.channel(topic.name) for topic in TOPICS)


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
def test_the_documents_example_is_one_that_the_catalogue_takes(topic: Topic) -> None:
    document = yaml.safe_load(DOCUMENT.read_text())
    [shown] = document["components"]["messages"][topic.name]["examples"]
    topic.payload.model_validate_json(json.dumps(shown["payload"]))
    published = example(topic)
    assert shown["headers"] == published.headers
    assert json.loads(published.payload) == shown["payload"]
    assert published.key.startswith("acme:")
