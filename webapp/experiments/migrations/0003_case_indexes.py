"""Indexes by which the gallery walks through cases in order."""

from django.db import migrations

from webapp.experiments.cases.page_sql import INDEXES, NO_INDEXES


class Migration(migrations.Migration):
    dependencies = [("experiments", "0002_cases")]
    operations = [migrations.RunSQL(INDEXES, NO_INDEXES)]
