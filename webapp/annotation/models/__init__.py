"""What annotation remembers, in seven modules; everything else imports it from here."""

from webapp.annotation.models.calculations import Calculation
from webapp.annotation.models.campaigns import Annotator, Campaign, Slot, Task
from webapp.annotation.models.imports import LabelFile
from webapp.annotation.models.labels import Decision, FirstChoice, Gold, Label, LabelEvent
from webapp.annotation.models.reminders import Reminder
from webapp.annotation.models.sets import AnalysisItem, AnalysisSet
from webapp.annotation.models.taxonomies import Taxonomy, TaxonomyPicture, TaxonomyVersion

__all__ = [
    "AnalysisItem",
    "AnalysisSet",
    "Annotator",
    "Calculation",
    "Campaign",
    "Decision",
    "FirstChoice",
    "Gold",
    "Label",
    "LabelEvent",
    "LabelFile",
    "Reminder",
    "Slot",
    "Task",
    "Taxonomy",
    "TaxonomyPicture",
    "TaxonomyVersion",
]
