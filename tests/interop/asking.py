"""Run in the KServe client's own environment: ask a running server all that the client can.

Argument: the server's address. Prints one JSON object.
"""

import asyncio
import json
import sys
from typing import Any

import numpy as np
from kserve import InferenceRESTClient, InferInput, InferRequest, RESTConfig

TEXTS = ["where is my card", "下雨 雨"]


def build(*, binary: bool) -> InferRequest:
    """Build a request, its texts as bytes behind the JSON or inside it."""
    tensor = InferInput("text", [len(TEXTS)], "BYTES")
    tensor.set_data_from_numpy(np.array(TEXTS, dtype=np.object_), binary_data=binary)
    return InferRequest("intents", [tensor], request_id="mine")


async def ask(address: str) -> dict[str, Any]:
    """Ask for health, for answers both ways, and for a model that is not there."""
    client = InferenceRESTClient(RESTConfig(protocol="v2"))
    told: dict[str, Any] = {
        "live": await client.is_server_live(address),
        "ready": await client.is_server_ready(address),
        "model": await client.is_model_ready(address, "intents"),
    }
    for name, binary in (("binary", True), ("json", False)):
        answer = await client.infer(address, build(binary=binary), model_name="intents")
        labels = {each.name: each for each in answer.outputs}["label"].as_numpy()
        told[name] = {"id": answer.id, "labels": labels.tolist()}
    try:
        await client.infer(address, build(binary=True), model_name="intent")
    except Exception as error:  # the client's own class derives from Exception alone
        told["unknown"] = str(error)
    await client.close()
    return told


if __name__ == "__main__":
    print(json.dumps(asyncio.run(ask(sys.argv[1]))))
