"""Roles, and who acts in one; told without SQLAlchemy, whose import a server puts off."""

from dataclasses import dataclass

ROLES = ("viewer", "operator", "approver", "admin")  # each may what those before it may


@dataclass(frozen=True, slots=True)
class Caller:
    """Who a key belongs to.

    key: the key's number; name: of the principal.
    """

    key: int
    name: str
    role: str

    def may(self, role: str) -> bool:
        """Tell whether the caller's role includes another."""
        return ROLES.index(self.role) >= ROLES.index(role)
