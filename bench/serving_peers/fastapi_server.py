"""Plain FastAPI on Uvicorn (uvloop, httptools), one worker; it has no batching.

The route is no coroutine, so FastAPI runs it on its threads and the event loop stays free.
"""

import sys

import fastapi
import pydantic
import uvicorn
from network import Network

app = fastapi.FastAPI()
network = Network()


class Asked(pydantic.BaseModel):
    """One text."""

    text: str


@app.post("/predict")
def predict(asked: Asked) -> dict[str, str]:
    """Answer one text."""
    return {"label": network.label([asked.text])[0]}


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")
