"""Who is asking: the tenant, the subject, the roles and what they allow."""

from sextant.tenancy.model import PERMISSIONS, Caller, Permission, Role

__all__ = ["PERMISSIONS", "Caller", "Permission", "Role"]
