"""The policy of operations that holds for each tenant, remembered for a few seconds."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from pydantic import ValidationError as InvalidPolicy

from sextant.ids import TenantId
from sextant.operations.policy import OperationsPolicy
from sextant.storage import Session
from sextant.tenants import service as tenants

logger = logging.getLogger("sextant.operations")


class Policies:
    """The policy of each tenant, read again after `keep` seconds."""

    def __init__(
        self, base: OperationsPolicy, keep: float = 15.0, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._base = base
        self._keep = keep
        self._clock = clock
        self._lock = threading.Lock()
        self._known: dict[TenantId, tuple[float, OperationsPolicy]] = {}

    def of(self, session: Session) -> OperationsPolicy:
        """The policy of the session's tenant; the deployment's where the tenant's own does not parse."""
        tenant = session.tenant_id
        with self._lock:
            known = self._known.get(tenant)
        if known is not None and known[0] > self._clock():
            return known[1]
        policy = self._base
        settings: Any = tenants.tenant_settings(session)
        # Whatever lies there, it must not stop what operations does for the tenant.
        overrides = settings.get("operations") if isinstance(settings, dict) else settings
        if overrides:
            try:
                policy = self._base.overridden(overrides)
            except (InvalidPolicy, TypeError, AttributeError, ValueError) as error:
                logger.warning(
                    "the tenant's policy of operations is not valid",
                    extra={"tenant_id": tenant},
                    exc_info=error,
                )
        with self._lock:
            if len(self._known) > 10_000:
                self._known.clear()
            self._known[tenant] = (self._clock() + self._keep, policy)
        return policy

    def forget(self, tenant: TenantId) -> None:
        """Read the tenant's policy again at the next use."""
        with self._lock:
            self._known.pop(tenant, None)
