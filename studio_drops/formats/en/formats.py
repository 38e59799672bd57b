"""Short and unambiguous, with the time zone: staff compare them with logs and with Kick's times."""

DATE_FORMAT = "j M Y"
DATETIME_FORMAT = "j M Y, H:i:s e"
SHORT_DATETIME_FORMAT = "j M Y, H:i e"
