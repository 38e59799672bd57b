"""Kick's wire: id.kick.com under /oauth/ and api.kick.com under /public/v1/, as strict as Kick."""
