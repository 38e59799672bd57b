"""Date and time formats by language (`settings.FORMAT_MODULE_PATH`)."""
