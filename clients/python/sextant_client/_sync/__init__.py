"""The sync face, made from the async one by `python -m tools.docs client`: do not edit."""
