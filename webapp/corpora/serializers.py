"""How data sets, pictures and imports look in the API, and what it takes."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from rest_framework import serializers

from webapp.corpora.actions.imports import FORMATS, SCENES_MOST
from webapp.corpora.models import Caption, Corpus, Import, Item


class CorpusShown(serializers.ModelSerializer[Corpus]):
    """A data set."""

    class Meta:
        model = Corpus
        fields = [
            "id", "name", "task", "state", "content_hash", "item_count", "caption_count", "byte_count", "about",
            "created_at", "archived_at",
        ]  # fmt: skip


class ItemShown(serializers.ModelSerializer[Item]):
    """A picture; `number` is its place in the frozen order, boxes are [category, x, y, width, height] in pixels."""

    picture = serializers.SerializerMethodField(
        help_text="Where it can be fetched with the same token, at most 1280 pixels wide and high; `tiny`, `small` or "
        "`medium` in place of `large` gives smaller ones."
    )

    class Meta:
        model = Item
        fields = [
            "number", "external_id", "file_name", "file_hash", "byte_count", "width", "height", "label",
            "category_numbers", "boxes", "picture",
        ]  # fmt: skip

    def get_picture(self, item: Item) -> str:
        """The whole address."""
        slug = self.context["view"].kwargs["slug"]
        kwargs = {"slug": slug, "corpus_id": item.corpus_id, "number": item.number, "size": "large"}
        return str(self.context["request"].build_absolute_uri(reverse("corpora:api_picture", kwargs=kwargs)))


class CaptionShown(serializers.ModelSerializer[Caption]):
    """A caption and the number of its picture."""

    class Meta:
        model = Caption
        fields = ["number", "item_number", "external_id", "text"]


class CategoryShown(serializers.Serializer[Any]):
    """A category and how many pictures show it."""

    number = serializers.IntegerField()
    name = serializers.CharField()
    supercategory = serializers.CharField()
    item_count = serializers.IntegerField()


class ImportShown(serializers.ModelSerializer[Import]):
    """An import; `preview` tells what was found, without its pictures."""

    preview = serializers.SerializerMethodField()

    class Meta:
        model = Import
        fields = [
            "id", "name", "source", "state", "preview", "progress", "failure", "corpus_id", "created_at", "finished_at",
        ]  # fmt: skip

    def get_preview(self, row: Import) -> dict[str, Any]:
        """Counts and kinds of problems; the problems themselves have an address of their own."""
        return {name: value for name, value in row.preview.items() if name not in ("examples", "problems")}


class ProblemShown(serializers.Serializer[Any]):
    """Something wrong with a source."""

    severity = serializers.CharField()
    code = serializers.CharField()
    place = serializers.CharField()
    message = serializers.CharField()


class SourceFolderShown(serializers.Serializer[Any]):
    """A server folder that is open for imports."""

    id = serializers.IntegerField()
    name = serializers.CharField()


class RootShown(SourceFolderShown):
    """The same for administrators, with where it is."""

    path = serializers.CharField()
    created_at = serializers.DateTimeField()


class RootWritten(serializers.Serializer[Any]):
    """A server folder to be opened."""

    name = serializers.CharField(max_length=80)
    path = serializers.CharField(max_length=1000, help_text="The whole path on the server.")


class Reading(serializers.Serializer[Any]):
    """How a source is read."""

    name = serializers.CharField(max_length=120)
    format = serializers.ChoiceField(choices=list(FORMATS.items()), default="auto")
    sample = serializers.IntegerField(min_value=1, max_value=10_000_000, required=False, allow_null=True, default=None)
    seed = serializers.IntegerField(min_value=0, max_value=2**31 - 1, default=0)
    split = serializers.RegexField(r"^[\w.-]*$", max_length=60, required=False, allow_blank=True, default="")
    domain = serializers.CharField(max_length=120, required=False, allow_blank=True, default="")


class ImportWritten(Reading):
    """A data set to be brought in: from a server folder (`folder`, `path` below it) or drawn (`scenes`, `seed`)."""

    folder = serializers.IntegerField(required=False, help_text="The id of a source folder.")
    path = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")
    scenes = serializers.IntegerField(min_value=1, max_value=SCENES_MOST, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """One source and no more."""
        if ("folder" in attrs) == ("scenes" in attrs):
            raise serializers.ValidationError("Name one source: `folder` (with `path`) or `scenes`.")
        return attrs


class UploadWritten(Reading):
    """A zip to be brought in."""

    file = serializers.FileField()


class ConfirmWritten(serializers.Serializer[Any]):
    """The go-ahead."""

    leave_out = serializers.BooleanField(default=False, help_text="Import the rest where something cannot be used.")
