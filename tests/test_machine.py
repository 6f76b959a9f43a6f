"""What a run's record says of the machine."""

from textwright.machine import current_user, describe_machine, library_versions


def test_a_machine_is_described() -> None:
    found = describe_machine()

    assert found["processor"]
    assert int(found["cores"]) >= 1
    assert float(found["memory_gib"]) > 0


def test_versions_are_those_installed() -> None:
    assert library_versions()["numpy"].startswith("2.")


def test_a_user_has_a_name() -> None:
    assert current_user()
