"""Where a topic goes: the channel that stands for an SQS queue or a Kafka topic.

`SEXTANT_ROUTES` is a list of `topic=channel`, first match first. A topic ending in `*` matches what begins
like it; a channel `{topic}` is the topic itself. Without it `run.requested` goes to
`runs`, `webhook.due` to `webhooks`, all else to `events`.
"""

from __future__ import annotations

from dataclasses import dataclass

DEFAULT_ROUTES = "run.requested=runs,webhook.due=webhooks,*=events"


@dataclass(frozen=True, slots=True)
class Routes:
    rules: tuple[tuple[str, str], ...]

    @classmethod
    def parse(cls, text: str) -> Routes:
        """Raises ValueError where `text` is no list of `topic=channel`."""
        rules = []
        for part in filter(None, (piece.strip() for piece in text.split(","))):
            topic, separator, channel = (piece.strip() for piece in part.partition("="))
            if not (topic and separator and channel):
                raise ValueError(f"{part!r} is not topic=channel")
            rules.append((topic, channel))
        if not rules:
            raise ValueError("there is no route")
        return cls(tuple(rules))

    def channel(self, topic: str) -> str | None:
        """The channel of `topic`; None when no rule matches."""
        for pattern, channel in self.rules:
            if pattern == topic or (pattern.endswith("*") and topic.startswith(pattern[:-1])):
                return channel.replace("{topic}", topic)
        return None
