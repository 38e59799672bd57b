"""Result messages of buttons."""

from django.contrib import messages
from django.http import HttpRequest


def tell(request: HttpRequest, sentence: str, *, good: bool) -> None:
    """Show the result of a button on the next page."""
    messages.add_message(request, messages.SUCCESS if good else messages.ERROR, sentence)
