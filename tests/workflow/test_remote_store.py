"""A home whose artifacts are in S3: trained, verified, loaded, backed up."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from tests.lifecycle.test_remote import server
from textwright.lifecycle.backup import back_up
from textwright.lifecycle.remote import RemoteStore
from textwright.lifecycle.verify import verify
from textwright.models import load
from textwright.settings import find_settings
from textwright.workflow.opening import open_keep
from textwright.workflow.train import train

__all__ = ["server"]


@pytest.mark.slow
@pytest.mark.usefixtures("server")
def test_a_version_trained_into_a_bucket_answers_from_it_on_another_machine(demo: Path) -> None:
    address = f"s3://bucket-{os.urandom(4).hex()}/models"
    found = find_settings(create=True, start=demo, environment={"TEXTWRIGHT_ARTIFACTS": address})
    bucket = RemoteStore(address, found.cache)
    bucket.files.mkdir(bucket.root.split("/")[0])

    trained = train("intents.toml", settings=found)

    assert bucket.addresses() == [trained.artifact]
    elsewhere = replace(found, home=demo / "elsewhere")  # the database is the same
    assert load("intents@1", settings=elsewhere).predict(["where is my parcel"])
    assert (elsewhere.cache / trained.artifact / "model.onnx").is_file()
    with open_keep(found) as keep:
        assert verify(keep.sessions, keep.store) == []
        assert back_up(keep.sessions, keep.store, demo / "copy").artifacts == [trained.artifact]
        path = f"{bucket.root}/{trained.artifact}/model.onnx"
        bucket.files.pipe_file(path, bucket.files.cat_file(path)[:-1])
        (problem,) = verify(keep.sessions, keep.store)
    assert "model.onnx has" in problem.what
    assert load("intents@1", settings=elsewhere).predict(["where is my parcel"])
