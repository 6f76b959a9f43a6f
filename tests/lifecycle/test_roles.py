"""Roles stand in one order."""

import pytest

from textwright.lifecycle.roles import ROLES, Caller


@pytest.mark.parametrize("place", range(len(ROLES)))
def test_a_role_includes_those_before_it_and_none_after(place: int) -> None:
    caller = Caller(1, "ann", ROLES[place])
    assert [caller.may(role) for role in ROLES] == [other <= place for other in range(len(ROLES))]
