"""What can be wrong with a request about a vendor, and why a call to a vendor was not made or failed."""

from __future__ import annotations

from typing import ClassVar

from sextant.errors import NotFoundError, UnavailableError


class VendorNotFoundError(NotFoundError):
    """There is no such vendor."""

    code, title = "vendor_not_found", "Vendor not found"


class VendorError(UnavailableError):
    """A vendor was not called, or its call failed."""

    code, title = "vendor_failed", "Vendor unavailable"
    members: ClassVar = {"vendor": "The vendor that cannot be called."}

    def __init__(self, vendor: str, detail: str, retry_after: float | None = None) -> None:
        super().__init__(detail, extra={"vendor": vendor})
        self.vendor = vendor
        self.retry_after = retry_after


class VendorCallError(VendorError):
    """The vendor answered with an error, or not at all."""

    code = "vendor_failed"


class VendorBreakerOpenError(VendorError):
    """The vendor failed repeatedly and is given a pause."""

    code = "vendor_breaker_open"


class VendorRateLimitedError(VendorError):
    """As many calls as the vendor takes in a minute have been made."""

    code = "vendor_rate_limited"


class VendorKilledError(VendorError):
    """A kill switch over the vendor is active."""

    code = "vendor_kill_switch"
