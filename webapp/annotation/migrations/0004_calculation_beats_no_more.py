"""A calculation's row is locked while it is computed, so nobody needed its heart."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("annotation", "0003_reminder")]

    operations = [migrations.RemoveField(model_name="calculation", name="heartbeat_at")]
