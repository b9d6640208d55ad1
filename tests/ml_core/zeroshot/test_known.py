"""Published sets: classes that are bare numbers get names, captions may tell of them by either, no name is invented."""

from __future__ import annotations

from pathlib import Path

import pytest

from ml_core.generators.recorded import read_class_captions
from ml_core.spec import BadInput
from ml_core.zeroshot.data import class_captions_of, open_classification
from ml_core.zeroshot.known import KNOWN, called
from tests.ml_core import small_sets

WITHOUT, WITH = "lymph node", "lymph node containing metastatic tumor tissue"


@pytest.fixture
def patches(tmp_path: Path) -> str:
    return f"imagefolder:{small_sets.class_folders(tmp_path / 'patches', {'0': 1, '1': 2})}"


def test_folders_that_are_numbers_are_called_as_in_clips_prompts_where_the_set_is_named(patches: str) -> None:
    found = open_classification(patches, expects="patch-camelyon")
    assert found.class_names == [WITHOUT, WITH] and found.label_names == [WITHOUT, WITH, WITH]
    assert found.domain == KNOWN["patch-camelyon"].domain
    assert any(f"0 “{WITHOUT}”, 1 “{WITH}”" in remark for remark in found.remarks)
    assert open_classification(patches).class_names == ["0", "1"]


@pytest.mark.parametrize("names", [("0", "1"), (WITHOUT, WITH)])
@pytest.mark.parametrize("expects", ["", "patch-camelyon"])
def test_captions_may_tell_of_either_name(patches: str, tmp_path: Path, names: tuple[str, str], expects: str) -> None:
    told = {names[1]: ["dark clusters"], names[0]: ["pale and even"]}
    small_sets.write(tmp_path / "told.json", told)
    labelled = open_classification(patches, expects=expects)
    assert class_captions_of(str(tmp_path / "told.json"), labelled).captions == [["pale and even"], ["dark clusters"]]


def test_a_class_told_of_by_both_names_stands_there_twice(patches: str, tmp_path: Path) -> None:
    small_sets.write(tmp_path / "told.json", {"0": ["a"], "1": ["b"], WITHOUT: ["c"]})
    with pytest.raises(BadInput, match=f"the class “{WITHOUT}” stands in it twice"):
        class_captions_of(str(tmp_path / "told.json"), open_classification(patches))


def test_names_of_other_folders_and_of_other_sets_are_their_own(tmp_path: Path) -> None:
    assert called("patch-camelyon", ["normal", "tumour"]) == ["normal", "tumour"]
    assert called("military-vehicles", ["0", "1"]) == ["0", "1"]
    small_sets.write(tmp_path / "told.json", {WITHOUT: ["a"], WITH: ["b"]})
    with pytest.raises(BadInput, match="is no class of the data set"):
        read_class_captions(str(tmp_path / "told.json"), ["0", "1"])
