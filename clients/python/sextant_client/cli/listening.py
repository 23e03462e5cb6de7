"""`sextant webhooks listen`: events to a program of this machine, as a webhook of its own would bring them.

A webhook that is paused keeps what comes. This one is read by the API and never sent to, so neither a public address nor a tunnel is
needed; what is posted here is signed with its secret by the Standard Webhooks specification, as the deliverer would.
"""

from __future__ import annotations

import base64
import getpass
import hashlib
import hmac
import json
import socket
import time
from collections.abc import Iterator
from typing import Any

from sextant_client._sync.pages import items
from sextant_client.cli.session import Session
from sextant_client.problems import ConfigurationError
from sextant_client.signing_in import is_this_machine

# A name that IANA keeps for examples: the webhook is paused, so nothing is ever sent to it.
_NOWHERE = "https://example.com/sextant-webhooks-listen"
_CONTENT_TYPE = "application/cloudevents+json; charset=utf-8"
_PAGE = 100
_WITHIN = 20.0


def target(forward_to: str) -> str:
    """The URL that a port, a host with a port, or a URL of this machine means."""
    url = f"localhost:{forward_to}" if forward_to.isdigit() else forward_to
    url = url if "://" in url else f"http://{url}"
    if not is_this_machine(url):
        raise ConfigurationError(
            f"{forward_to!r} is not on this machine; what is elsewhere is told by a webhook of its own: sextant webhooks create"
        )
    return url


def listen(session: Session, url: str, narrowed: dict[str, Any], *, count: int, every: float) -> None:
    """Forward until `count` events were, or until Ctrl-C; the webhook goes with it."""
    api = session.client.api
    mine = f"sextant webhooks listen, of {getpass.getuser()}@{socket.gethostname()} to {url}"
    for left in items(api.list_webhooks):
        # One that was killed could not delete it.
        if left.description == mine:
            api.delete_webhook(left.id)
    address = url if is_this_machine(session.settings.url) else _NOWHERE
    body = {"url": address, "description": mine, "state": "PAUSED", **narrowed}
    webhook = api.create_webhook(body).data
    session.say(f"listening for {session.settings.url}, forwarding to {url}")
    session.say(f"the secret that verifies: {webhook.secret}")
    try:
        for number, delivery in enumerate(_coming(session, str(webhook.id), every), 1):
            event = api.get_webhook_delivery(webhook.id, delivery.id).data
            _tell(session, event, _posted(url, str(webhook.secret), event))
            if number == count:
                return
    finally:
        api.delete_webhook(webhook.id)
        session.say("the webhook of this listening is deleted")


def signed(secret: str, event_id: str, moment: int, body: str) -> dict[str, str]:
    """The headers that a delivery has."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    content = f"{event_id}.{moment}.{body}".encode()
    signature = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    return {
        "content-type": _CONTENT_TYPE,
        "webhook-id": event_id,
        "webhook-timestamp": str(moment),
        "webhook-signature": f"v1,{signature}",
    }


def _coming(session: Session, webhook: str, every: float) -> Iterator[Any]:
    """Deliveries as they are stored, each once.

    They are listed newest first, and one may be stored a little after a newer one: what is read ends with a page of which all are known.
    """
    known: set[str] = set()
    while True:
        new: list[Any] = []
        cursor: str | None = None
        while True:
            page = session.client.api.list_webhook_deliveries(webhook, limit=_PAGE, cursor=cursor)
            unknown = [each for each in page.data if str(each.id) not in known]
            new += unknown
            cursor = getattr(page.meta, "next_cursor", None)
            if not unknown or not cursor:
                break
        known |= {str(each.id) for each in new}
        yield from reversed(new)
        if not new:
            time.sleep(every)


def _posted(url: str, secret: str, event: Any) -> str:
    """What the program answered, in words."""
    import httpx2

    headers = signed(secret, str(event.event_id), int(time.time()), event.body)
    try:
        with httpx2.Client(timeout=_WITHIN, trust_env=False) as client:
            return str(client.post(url, content=event.body.encode(), headers=headers).status_code)
    except httpx2.HTTPError as error:
        return f"no answer: {error}"


def _tell(session: Session, event: Any, came: str) -> None:
    if session.as_json:
        session.out.print(
            json.dumps({"answer": came, "event": json.loads(event.body)}), markup=False, soft_wrap=True
        )
        return
    session.out.print(
        f"{event.created_at:%H:%M:%S}  {event.event_type}  {event.event_id}  {came}", markup=False
    )
