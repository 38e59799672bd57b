"""The audit is only ever added to, and on PostgreSQL the database itself sees to it.

SQLite is for development: there the admin, which can neither change nor delete a row, has to do.
"""

from django.db import migrations

FORBID = """
    CREATE FUNCTION claims_auditevent_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'Audit events are only ever added, never changed or deleted.';
    END $$;
    CREATE TRIGGER claims_auditevent_is_append_only
        BEFORE UPDATE OR DELETE ON claims_auditevent
        FOR EACH ROW EXECUTE FUNCTION claims_auditevent_is_append_only();
"""
ALLOW = """
    DROP TRIGGER claims_auditevent_is_append_only ON claims_auditevent;
    DROP FUNCTION claims_auditevent_is_append_only();
"""


def forbid(_apps, schema_editor):
    _on_postgresql(schema_editor, FORBID)


def allow(_apps, schema_editor):
    _on_postgresql(schema_editor, ALLOW)


def _on_postgresql(schema_editor, statements):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(statements)


class Migration(migrations.Migration):
    dependencies = [("claims", "0007_fulfilment_index")]

    operations = [migrations.RunPython(forbid, allow)]
