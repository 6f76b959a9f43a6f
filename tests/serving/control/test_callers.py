"""Keys and roles through the control API."""

from tests.serving.control.answers import actors, code
from tests.serving.keyed import Keyed
from tests.serving.running import wait_until


def test_keys_are_made_told_once_listed_and_revoked(keyed: Keyed) -> None:
    body = {"name": "eve", "role": "viewer", "label": "laptop", "days": 2}
    made = keyed.ask("POST", "/keys", body, idempotency_key="k").json
    again = keyed.ask("POST", "/keys", body, idempotency_key="k").json
    assert made["secret"].startswith("tw_")
    assert again == {**made, "secret": ""}
    assert made["secret"].encode() not in b"".join(
        each.read_bytes() for each in keyed.house.settings.home.glob("textwright.db*")
    )

    keyed.secrets["eve"] = made["secret"]
    wait_until(lambda: keyed.ask("GET", "/models", role="eve").status == 200)
    row = keyed.ask("GET", "/keys?after=4").json["keys"][0]
    assert (row["name"], row["label"], row["revoked"]) == ("eve", "laptop", None)
    assert keyed.ask("DELETE", f"/keys/{made['id']}").json == {"revoked": made["id"]}
    assert code(keyed.ask("DELETE", f"/keys/{made['id']}")) == (409, "refused")
    wait_until(lambda: keyed.ask("GET", "/models", role="eve").status == 401)


def test_roles_are_set_and_listed(keyed: Keyed) -> None:
    assert keyed.ask("PUT", "/principals/eve", {"role": "operator"}).json["role"] == "operator"
    assert keyed.ask("PUT", "/principals/eve", {"role": "king"}).status == 404
    first = keyed.ask("GET", "/principals?limit=3").json
    assert [each["name"] for each in first["principals"]] == ["admin", "approver", "eve"]
    assert first["next"] == "eve"
    assert actors(keyed, "role_set")[-1] == "admin"
