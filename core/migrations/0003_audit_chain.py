"""A chain over the record, which the database refuses to change as well."""

import django.db.models.deletion
from django.db import migrations, models

CREATE = """
CREATE TRIGGER core_auditlink_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON core_auditlink
    FOR EACH STATEMENT EXECUTE FUNCTION core_refuse_change();
"""
DROP = "DROP TRIGGER core_auditlink_append_only ON core_auditlink;"


class Migration(migrations.Migration):
    dependencies = [("core", "0002_audit_is_append_only")]

    operations = [
        migrations.CreateModel(
            name='AuditLink',
            fields=[
                ('position', models.BigIntegerField(primary_key=True, serialize=False, verbose_name='position')),
                ('linked_at', models.DateTimeField(verbose_name='linked at')),
                ('xid', models.BigIntegerField(verbose_name='transaction')),
                ('previous', models.CharField(max_length=64, verbose_name='previous digest')),
                ('digest', models.CharField(max_length=64, verbose_name='digest')),
                ('entry', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='link', to='core.auditentry', verbose_name='audit entry')),
            ],
            options={
                'verbose_name': 'audit link',
                'verbose_name_plural': 'audit links',
            },
        ),
        migrations.RunSQL(CREATE, DROP),
    ]
