"""Feedback over HTTP: ``POST /api/v1/feedback``, for whoever may predict."""

from typing import TYPE_CHECKING

import msgspec

from textwright.errors import NotReadyError
from textwright.serving.control.wire_records import FeedbackAnswer, FeedbackRequest
from textwright.serving.messages import Request, Response
from textwright.serving.predict import Service
from textwright.serving.reading import read_json

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

DECODER = msgspec.json.Decoder(FeedbackRequest)
ENCODER = msgspec.json.Encoder()


async def post_feedback(service: Service, request: Request) -> Response:
    """Store what later turned out to be right; what names no recorded answer says so alone."""
    given: FeedbackRequest = read_json(request, DECODER)
    if service.keep is None:
        raise NotReadyError("This server has no database.", "Ask another one.")
    actor = request.key.name if request.key is not None else ""

    def store(session: "Session") -> FeedbackAnswer:
        from textwright.serving.control.answers import store_feedback

        return store_feedback(session, given, actor)

    return Response(200, ENCODER.encode(await service.keep.write(store)))
