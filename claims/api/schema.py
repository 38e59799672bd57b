"""The parts of the OpenAPI schema that all operations share."""

from typing import Any

from drf_spectacular.utils import OpenApiResponse
from rest_framework import serializers

from claims.api.problems import KINDS, MEDIA_TYPE
from claims.api.serializers import ProblemSerializer

EVERYWHERE = (401, 403, 406, 429, 500, 503)


def responses(answer: type[serializers.Serializer[Any]], *statuses: int) -> dict[Any, Any]:
    """The successful response, and a problem for each of `statuses` and those in EVERYWHERE."""
    problems = {
        (status, MEDIA_TYPE): OpenApiResponse(ProblemSerializer, description=str(KINDS[status][1]))
        for status in sorted({*statuses, *EVERYWHERE})
    }
    return {200: answer, **problems}
