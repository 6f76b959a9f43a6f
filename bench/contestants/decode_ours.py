"""Write from the texts of a job file with an artifact of ours; prints one JSON object."""

import json
import sys
import time
from pathlib import Path

from textwright.models import load
from textwright.runtime.writing import WriteOptions

ALONE = 50  # texts that are written by themselves, too


def main() -> None:
    """Write all texts, time it, and write some again, one at a time."""
    job = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    model = load(job["model"], threads=job["threads"])
    model.write_by(WriteOptions(beam=job["beam"]))
    model.predict(job["texts"][: job["batch"]])
    started = time.perf_counter()
    texts = [each.text for each in model.predict(job["texts"])]
    rate = len(texts) / (time.perf_counter() - started)
    alone = [model.predict([each])[0].text for each in job["texts"][:ALONE]]
    same = sum(one == other for one, other in zip(alone, texts, strict=False)) / len(alone)
    print(json.dumps({"rate": rate, "alone": same, "texts": texts}))


if __name__ == "__main__":
    main()
