"""The local Kick, a stand-in for Kick's servers, developer dashboard and viewer's inventory.

A Django project of its own with its own SQLite file. It speaks Kick's wire as strictly as Kick
does, so that a studio without a Kick organization can run everything. The product never imports it.
See docs/developers/local-kick.md.
"""
