"""The categories of wrong classifications, as `ml_core.taxonomy` has those of failed retrievals."""

from __future__ import annotations

from ml_core.taxonomy import DEFAULT, LANGUAGES, Category, Subtype, Taxonomy, Words


def for_classes(document: Taxonomy) -> bool:
    """Whether a taxonomy was made for classifications: it shares more of these categories than of a retrieval's."""
    keys = set(document.keys)
    return len(keys & set(CLASSIFICATION.keys)) > len(keys & set(DEFAULT.keys))


def _words(en: tuple[str, str, str, str], zh: tuple[str, str, str, str]) -> dict[str, Words]:
    return {
        language: Words(name=name, long_name=long_name, use_when=use_when, not_when=not_when)
        for language, (name, long_name, use_when, not_when) in zip(LANGUAGES, (en, zh), strict=True)
    }


CLASSIFICATION = Taxonomy(
    version="classes-1",
    rules={
        "en": (
            "One label for each sample, in about ten seconds.",
            "Look at the picture first, then at the two classes: why could the second be taken for the first?",
            "The true class is not true: Label, whatever else there is.",
            "Name what misled, not how sure you are. Unsure: Alike.",
        ),
        "zh-hans": (
            "每个样本只选一个标签，用时约十秒。",
            "先看图片，再看两个类别：为什么会把前者当成后者？",
            "真实类别本身不对时，无论还有什么问题，都选“标签”。",
            "指出误导的原因，而不是把握有多大；拿不准时选“相似”。",
        ),
    },
    categories=(
        Category(
            key="alike",
            hotkey="1",
            colour="#6b7280",
            colour_dark="#9aa1ac",
            words=_words(
                (
                    "Alike",
                    "Visually similar classes",
                    "The two classes look alike and this picture is a normal one of its class, or you cannot tell.",
                    "A plain mark tells them apart here (Attribute).",
                ),
                (
                    "相似",
                    "外观相似的类别",
                    "两个类别看起来很像，而这张图片是该类的普通样本；或者看不出原因。",
                    "图中有明显的区分特征（选“属性”）。",
                ),
            ),
            subtypes=(
                Subtype(
                    key="undecided",
                    hotkey="Q",
                    words=_words(
                        (
                            "Undecided",
                            "Nothing in the picture decides",
                            "An expert could not tell the two apart by this picture.",
                            "An expert would see a small difference.",
                        ),
                        (
                            "无法判定",
                            "图中没有可判定的依据",
                            "仅凭这张图片，专家也分不清这两个类别。",
                            "专家能看出细小的差别。",
                        ),
                    ),
                ),
                Subtype(
                    key="subtle",
                    hotkey="W",
                    words=_words(
                        (
                            "Subtle",
                            "A subtle difference decides",
                            "A small part, proportion or texture tells them apart.",
                            "Nothing in the picture does.",
                        ),
                        ("细微差别", "由细微差别判定", "靠小部件、比例或纹理才能区分。", "图中没有任何可区分之处。"),
                    ),
                ),
            ),
        ),
        Category(
            key="label",
            hotkey="2",
            colour="#3d5a80",
            colour_dark="#8fb0d9",
            words=_words(
                (
                    "Label",
                    "Label questionable",
                    "The true class is wrong, or the predicted one is just as true.",
                    "Both classes are in the picture as things of their own (Several).",
                ),
                (
                    "标签",
                    "标签存疑",
                    "真实类别标错了，或者预测的类别同样正确。",
                    "图中分别有两个类别的物体（选“多个物体”）。",
                ),
            ),
        ),
        Category(
            key="attribute",
            hotkey="3",
            colour="#7c4fa3",
            colour_dark="#b58ad9",
            words=_words(
                (
                    "Attribute",
                    "Attribute missed",
                    "A visible colour, number, part, shape or action decides, and the prediction has another.",
                    "The attribute cannot be seen here (Quality) or is hardly different (Alike).",
                ),
                (
                    "属性",
                    "漏看属性",
                    "可见的颜色、数量、部件、形状或动作足以判定，而预测的类别与之不符。",
                    "这里看不到该属性（选“画质”）或几乎没有差别（选“相似”）。",
                ),
            ),
        ),
        Category(
            key="context",
            hotkey="4",
            colour="#5b6b1f",
            colour_dark="#a9bd62",
            words=_words(
                (
                    "Context",
                    "Context misled",
                    "The surroundings are those of the predicted class.",
                    "Another thing in the picture is of the predicted class (Several).",
                ),
                (
                    "场景",
                    "场景误导",
                    "周围环境更像预测类别的环境。",
                    "图中另有一个属于预测类别的物体（选“多个物体”）。",
                ),
            ),
        ),
        Category(
            key="several",
            hotkey="5",
            colour="#a8436f",
            colour_dark="#e08bb0",
            words=_words(
                (
                    "Several",
                    "Several objects",
                    "The picture also shows something of the predicted class, or something larger than its subject.",
                    "There is one subject alone.",
                ),
                ("多个物体", "多个物体", "图中还有属于预测类别的东西，或有比主体更显眼的东西。", "图中只有一个主体。"),
            ),
        ),
        Category(
            key="quality",
            hotkey="6",
            colour="#0f766e",
            colour_dark="#4fb8ad",
            words=_words(
                (
                    "Quality",
                    "Image quality",
                    "What decides is too small, cut off, hidden, dark or blurred.",
                    "It can be seen well enough.",
                ),
                ("画质", "图像质量", "起决定作用的部分太小、被截断、被遮挡、太暗或模糊。", "看得足够清楚。"),
            ),
        ),
        Category(
            key="name",
            hotkey="7",
            colour="#8a4b1f",
            colour_dark="#d59a6a",
            words=_words(
                (
                    "Name",
                    "Name ambiguous",
                    "By its name alone the class could mean this picture as well: too general, or of two senses.",
                    "The name is plain and the picture was misread.",
                ),
                (
                    "名称",
                    "名称含糊",
                    "仅看名称，预测的类别也可以指这张图片：名称太笼统或有歧义。",
                    "名称清楚，只是图片被看错。",
                ),
            ),
        ),
    ),
)
