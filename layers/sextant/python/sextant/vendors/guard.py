"""A guard around calls to a vendor: circuit breaker and limit per minute, shared by all processes.

The breaker stands in the database, so that a hundred workers stop calling at once, and exactly one of them tries
whether the vendor is back. The same statement looks at the vendor's kill switch and counts the call.
"""

from __future__ import annotations

import logging
from contextlib import ContextDecorator
from datetime import timedelta
from types import TracebackType
from typing import Self

from sextant.errors import SextantError
from sextant.ids import TenantId
from sextant.storage import Database
from sextant.storage.errors import StorageError, UniqueViolation
from sextant.vendors import repository
from sextant.vendors.errors import (
    VendorBreakerOpenError,
    VendorError,
    VendorKilledError,
    VendorRateLimitedError,
)
from sextant.vendors.model import Admission

PROBE_PATIENCE = timedelta(seconds=60)

logger = logging.getLogger("sextant.operations")


class Guard(ContextDecorator):
    """Around one call, as `with guard:` or `@guard`; raises a `VendorError` instead of calling where it must not be.

    An exception out of the call counts as the vendor's failure, unless it is one of `not_failures`.
    """

    def __init__(
        self,
        database: Database,
        tenant: TenantId,
        vendor: str,
        *,
        actor: str,
        correlation_id: str = "",
        patience: timedelta = PROBE_PATIENCE,
        not_failures: tuple[type[BaseException], ...] = (),
    ) -> None:
        self._database = database
        self._tenant = tenant
        self._vendor = vendor
        self._actor = actor
        self._correlation_id = correlation_id
        self._patience = patience
        self._not_failures = not_failures
        self._admission: Admission | None = None

    def _recreate_cm(self) -> Self:
        """As a decorator, each call has a guard of its own."""
        return type(self)(
            self._database,
            self._tenant,
            self._vendor,
            actor=self._actor,
            correlation_id=self._correlation_id,
            patience=self._patience,
            not_failures=self._not_failures,
        )

    def __enter__(self) -> Self:
        admission = self._ask()
        if admission.outcome == "UNKNOWN":
            self._register()
            admission = self._ask()
        if admission.outcome not in ("ADMITTED", "PROBE"):
            raise self._refusal(admission)
        self._admission = admission
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        admission, self._admission = self._admission, None
        assert admission is not None
        if error is not None and not isinstance(error, Exception):
            return  # the process was stopped, which says nothing about the vendor
        succeeded = error is None or isinstance(error, self._not_failures)
        try:
            with self._database.autocommit(self._tenant) as session:
                repository.leave(
                    session,
                    self._tenant,
                    admission,
                    succeeded=succeeded,
                    actor=self._actor,
                    reason=_reason(error),
                    correlation_id=self._correlation_id,
                )
        except StorageError as problem:
            # The call's own result counts. A probe that has not reported within `patience` is abandoned.
            logger.warning("the outcome of a vendor call was not recorded", exc_info=problem)

    def _ask(self) -> Admission:
        with self._database.autocommit(self._tenant) as session:
            return repository.enter(session, self._tenant, self._vendor, self._patience)

    def _register(self) -> None:
        """A vendor that nobody has configured is guarded with the defaults."""
        try:
            self._database.run(
                self._tenant,
                lambda session: repository.VENDORS.create(session, {"name": self._vendor}, actor=self._actor),
            )
        except UniqueViolation:
            logger.debug("the vendor was registered by another process")

    def _refusal(self, admission: Admission) -> VendorError:
        wait = admission.wait_seconds
        if admission.outcome == "OPEN":
            return VendorBreakerOpenError(
                self._vendor, f"The breaker of vendor {self._vendor} is open.", wait
            )
        if admission.outcome == "RATE_LIMITED":
            return VendorRateLimitedError(
                self._vendor, f"Vendor {self._vendor} takes no more calls for now.", wait
            )
        return VendorKilledError(self._vendor, f"Vendor {self._vendor} is switched off.")


def _reason(error: BaseException | None) -> str:
    if error is None:
        return ""
    return error.detail if isinstance(error, SextantError) else f"{type(error).__name__}: {error}"
