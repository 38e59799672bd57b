"""Kick's endpoints, as strict as Kick: id.kick.com at /oauth/, api.kick.com at /public/v1/."""
