"""The table of cases, partitioned by run."""

from django.db import migrations

from webapp.experiments.case_sql import TABLE, TABLE_BACK


class Migration(migrations.Migration):
    dependencies = [("experiments", "0001_initial")]
    operations = [migrations.RunSQL(TABLE, TABLE_BACK)]
