"""What answers of the control API say."""

from tests.serving.keyed import Keyed
from tests.serving.running import Answer


def generation(keyed: Keyed) -> int:
    found: int = keyed.ask("GET", "/deployments/intents").json["generation"]
    return found


def code(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.json["error"]["code"]


def actors(keyed: Keyed, kind: str) -> list[str]:
    events = keyed.ask("GET", "/events?limit=1000").json["events"]
    return [each["actor"] for each in events if each["kind"] == kind]
