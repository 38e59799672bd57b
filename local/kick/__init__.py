"""The local Kick: a stand-in for Kick's servers, developer dashboard and drops inventory.

A separate Django project with its own SQLite file. It implements Kick's protocol as strictly as
Kick does, so that a studio without a Kick organization can run everything. The product never
imports it. See docs/developers/local-kick.md.
"""
