"""The Kick protocol: OAuth, the public API, webhook signatures and payloads.

Imports no Django, no settings and nothing else from this project except its version.
`platforms.kick.client` builds these classes from the settings.
"""
