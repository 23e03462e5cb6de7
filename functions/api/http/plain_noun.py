"""What a noun with nothing but versions can be asked: to be created, shown, changed, deleted, and what was changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from aws_lambda_powertools.event_handler import Response

from functions.api.http.changes import ChangeList, Changes, change_key
from functions.api.http.envelopes import Envelope, RequestBody, reply
from functions.api.http.etag import etag, expected_version
from functions.api.http.idempotency import once
from functions.api.http.listing import listing
from functions.api.http.parameters import check_tenant
from functions.api.http.routing import Router
from sextant.paging import Page, PageRequest
from sextant.storage import Session
from sextant.storage.temporal import FieldChange


class NewThing(RequestBody):
    """A thing to be created; `tenant_id`, where given, must be the token's."""

    tenant_id: str | None = None


class Keeping(Protocol):
    """The service of a noun with versions: a module with these functions."""

    def get(self, session: Session, thing: UUID, /) -> Any: ...

    def change(
        self,
        session: Session,
        thing: UUID,
        changes: Mapping[str, Any],
        /,
        *,
        actor: str,
        expected: int | None,
    ) -> Any: ...

    def delete(self, session: Session, thing: UUID, actor: str, expected: int | None, /) -> None: ...

    def changes(
        self, session: Session, thing: UUID, before: int | None, request: PageRequest, /
    ) -> Page[FieldChange]: ...


class Service(Keeping, Protocol):
    """The service of a plain noun."""

    def create(self, session: Session, values: Mapping[str, Any], actor: str, /) -> Any: ...


@dataclass(frozen=True)
class KeptNoun:
    """The answers of a noun's handlers, each of which is one call of this; the noun is created in a way of its own."""

    router: Router
    path: str
    envelope: type[Envelope[Any]]
    service: Keeping

    def get(self, thing: UUID) -> Response[Any]:
        with self.router.session() as session:
            return self._shown(self.service.get(session, thing))

    def change(self, thing: UUID, document: Changes, if_match: str | None) -> Response[Any]:
        actor, changes = self.router.caller.subject, document.model_dump(exclude_unset=True)
        expected = expected_version(if_match, thing)
        return self._shown(
            self.router.transaction(
                lambda session: self.service.change(session, thing, changes, actor=actor, expected=expected)
            )
        )

    def delete(self, thing: UUID, if_match: str | None) -> Response[Any]:
        actor, expected = self.router.caller.subject, expected_version(if_match, thing)
        self.router.transaction(lambda session: self.service.delete(session, thing, actor, expected))
        return Response(status_code=204, body="")

    def changes(self, thing: UUID, limit: int, cursor: str | None, before: int | None) -> Response[Any]:
        scope = f"changes {self.path} {thing} {before}"
        read = self.service.changes
        return listing(self.router, ChangeList, scope, limit, cursor, read, thing, before, key_of=change_key)

    def _shown(self, thing: Any, status: int = 200) -> Response[Any]:
        headers = {"ETag": etag(thing.id, thing.version), "Location": f"{self.path}/{thing.id}"}
        return reply(self.envelope.of(thing, self.router.caller), status, headers)


@dataclass(frozen=True)
class PlainNoun(KeptNoun):
    """The same of a noun that is created as it is sent."""

    service: Service

    def create(self, document: NewThing, key: str | None) -> Response[Any]:
        caller = self.router.caller
        check_tenant(document.tenant_id, caller)
        values = document.model_dump(exclude={"tenant_id"})

        def create() -> Response[Any]:
            thing = self.router.transaction(
                lambda session: self.service.create(session, values, caller.subject)
            )
            return self._shown(thing, 201)

        return once(self.router, key, create)
