"""The Kick protocol, pure: no Django, no settings, no clock of its own, nothing of ours imported.

`kick_client` beside this package is the one place where it meets the settings.
"""
