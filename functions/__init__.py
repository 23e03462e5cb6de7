"""The Lambda functions of Sextant, one folder each, and the one declaration of how they run."""

import os

# pydantic looks for plug-ins in the metadata of every installed package; none of ours is one.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # noqa: TID251 - written for pydantic, not read
