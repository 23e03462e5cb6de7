"""The built-in baseline's vocabulary as JSON, so that the API reads it without numpy."""

from __future__ import annotations

import json
from pathlib import Path

from sextant.drivers import vocabulary
from sextant.engine.reference import reference_system
from sextant.engine.vocabulary import vocabulary_of

PATH = Path(vocabulary.__file__).with_name("reference_vocabulary.json")


def files() -> dict[Path, str]:
    return {PATH: json.dumps(vocabulary_of(reference_system()).document(), indent=1) + "\n"}
