class Refused(Exception):
    """What was asked for cannot be done; the message is a sentence that names the cure."""

    status = 400


class Missing(Refused):
    status = 404


class Conflict(Refused):
    status = 409
