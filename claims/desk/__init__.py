"""The desk's services: find a drop, diagnose it, fix it, and record the fix in the audit log."""
