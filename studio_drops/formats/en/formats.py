"""Short, unmistakable, and with the zone: staff compare these with logs and with Kick's own."""

DATE_FORMAT = "j M Y"
DATETIME_FORMAT = "j M Y, H:i:s e"
SHORT_DATETIME_FORMAT = "j M Y, H:i e"
