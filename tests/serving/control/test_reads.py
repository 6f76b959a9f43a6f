"""What the control API tells of models, versions and events."""

from pathlib import Path

from tests.serving.control.answers import code
from tests.serving.household import Household
from tests.serving.keyed import Keyed

PROMOTE = "/deployments/intents/promote"


def test_models_and_versions_are_told_page_by_page(keyed: Keyed) -> None:
    keyed.house.register("sentiment")

    first = keyed.ask("GET", "/models?limit=1", role="viewer").json
    second = keyed.ask("GET", f"/models?limit=1&after={first['next']}").json
    assert first["models"] == [{"model": "intents", "newest": 3, "production": 1}]
    assert second["models"] == [{"model": "sentiment", "newest": 1, "production": None}]
    assert keyed.ask("GET", f"/models?after={second['next']}").json == {"models": [], "next": None}

    newest = keyed.ask("GET", "/models/intents/versions?limit=2").json
    oldest = keyed.ask("GET", f"/models/intents/versions?limit=2&after={newest['next']}").json
    assert [each["version"] for each in newest["versions"]] == ["intents@3", "intents@2"]
    assert [each["production"] for each in oldest["versions"]] == [True]
    assert oldest["next"] is None


def test_a_version_is_shown_with_scores_verdicts_and_card(shared: Keyed) -> None:
    found = shared.ask("GET", "/models/intents/versions/2").json

    assert (found["version"], found["evaluated"], found["run"]) == ("intents@2", True, None)
    assert found["scores"] == {"accuracy": 0.9}
    assert shared.ask("GET", "/models/intents/versions/latest").json["version"] == "intents@3"
    for wrong in ("9", "0", "-1", "x", "3@2", "9" * 400, "%00", ""):
        assert shared.ask("GET", f"/models/intents/versions/{wrong}").status == 404


def test_a_version_whose_artifact_is_gone_is_still_shown(keyed: Keyed, house: Household) -> None:
    artifact = keyed.ask("GET", "/models/intents/versions/3").json["artifact"]
    folder = Path(house.settings.artifacts) / artifact
    folder.rename(folder.with_name("gone"))

    assert keyed.ask("GET", "/models/intents/versions/3").json["card"] is None
    refused = keyed.ask("POST", PROMOTE, {"version": 3})
    assert code(refused) == (409, "damaged")


def test_events_are_followed_from_the_first_on(shared: Keyed) -> None:
    first = shared.ask("GET", "/events?limit=3", role="viewer").json
    second = shared.ask("GET", f"/events?limit=3&after={first['next']}").json
    numbers = [each["sequence"] for each in (*first["events"], *second["events"])]

    assert numbers == [1, 2, 3, 4, 5, 6]
    assert shared.ask("GET", "/events?model=nobody").status == 404
    newest = shared.ask("GET", "/events?before=4&limit=2").json
    assert ([each["sequence"] for each in newest["events"]], newest["next"]) == ([3, 2], 2)
