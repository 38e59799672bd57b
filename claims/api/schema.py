"""What the OpenAPI schema says of every operation alike."""

from typing import Any

from drf_spectacular.utils import OpenApiResponse
from rest_framework import serializers

from claims.api.problems import KINDS, MEDIA_TYPE
from claims.api.serializers import ProblemSerializer

EVERYWHERE = (401, 406, 500, 503)


def responses(answer: type[serializers.Serializer[Any]], *statuses: int) -> dict[Any, Any]:
    """The good answer, and a problem for each of these statuses and those that any can give."""
    problems = {
        (status, MEDIA_TYPE): OpenApiResponse(ProblemSerializer, description=str(KINDS[status][1]))
        for status in sorted({*statuses, *EVERYWHERE})
    }
    return {200: answer, **problems}
