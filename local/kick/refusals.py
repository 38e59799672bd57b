"""Errors that the local Kick answers with a 4xx."""


class Refused(Exception):
    """The request can't be done. The message says why, and what to do instead."""

    status = 400


class Missing(Refused):
    status = 404


class Conflict(Refused):
    status = 409
