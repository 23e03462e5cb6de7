"""Reading a tenant's own baselines. Uploading them is `uploads`, computing with them `systems`."""

from __future__ import annotations

from uuid import UUID

from sextant.baselines import repository
from sextant.baselines.model import Baseline, BaselineReference
from sextant.drivers.references import nearest
from sextant.drivers.vocabulary import REFERENCE, Vocabulary
from sextant.errors import FieldError, NotFoundError, ValidationError
from sextant.paging import Page, PageRequest, page
from sextant.storage import Session

_LISTED = 20


class BaselineNotFoundError(NotFoundError):
    """There is no such baseline."""

    code, title = "baseline_not_found", "Baseline not found"


class NoSuchBaselineError(ValidationError):
    """There is no baseline of this name or version."""

    code, title = "baseline_not_found", "Baseline not found"
    remedy = (
        "Name a baseline that GET /v1/baselines lists, or leave parameters.baseline out for the built-in one."
    )


def no_such_baseline(session: Session, reference: str) -> NoSuchBaselineError:
    """The error that says which baselines the tenant has, those of a like name first."""
    names = repository.names(session)
    near = nearest(reference.rpartition("@")[0] or reference, names)
    has = f"there are {', '.join(near or names[:_LISTED])}" if names else "the tenant has none"
    if not names or reference.partition("@")[0] == REFERENCE:
        has += ", and the built-in one is used where none is named"
    return NoSuchBaselineError(
        f"There is no baseline {reference!r}; {has}.",
        errors=[FieldError("parameters.baseline", "exists", f"must name a baseline of the tenant; {has}")],
    )


def vocabulary(session: Session, reference: str) -> Vocabulary:
    """What scenarios on the baseline may name; raises `NoSuchBaselineError`."""
    document = repository.vocabulary(session, reference)
    if document is None:
        raise no_such_baseline(session, reference)
    return Vocabulary.of(document)


def get(session: Session, baseline: UUID, version: int | None) -> tuple[Baseline, Vocabulary]:
    """A version of the baseline, the newest where none is said, and what scenarios on it may name."""
    reference = str(baseline) if version is None else f"{baseline}@{version}"
    document = repository.vocabulary(session, reference)
    if document is None:
        raise BaselineNotFoundError
    stored = repository.get(session, session.tenant_id, BaselineReference(baseline, int(document["version"])))
    if stored is None:
        raise BaselineNotFoundError
    return stored, Vocabulary.of(document)


def versions(session: Session, baseline: UUID, request: PageRequest) -> Page[Baseline]:
    """The versions of a baseline, newest first; a page's key is the version."""
    stored = repository.versions(session, baseline, request)
    if not stored and request.key is None:
        raise BaselineNotFoundError
    return page(stored, request, lambda version: (version.version,))


def delete(session: Session, baseline: UUID, actor: str) -> None:
    """Delete every version: none is listed or can be named any more. What pinned one before computes on."""
    if not repository.delete(session, baseline, actor):
        raise BaselineNotFoundError


def list_baselines(session: Session, request: PageRequest) -> Page[Baseline]:
    return page(repository.list_page(session, request), request, lambda baseline: baseline.id)


def locations(session: Session) -> list[str]:
    """Where the tables of every tenant's baselines lie."""
    return repository.locations(session)
