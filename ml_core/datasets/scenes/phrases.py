"""The words for kinds, counts, colours, actions, places and relations, as people vary them. Knows no scene."""

from __future__ import annotations

NOUNS: dict[str, tuple[tuple[str, str], ...]] = {
    "person": (("person", "people"), ("kid", "kids"), ("child", "children")),
    "cat": (("cat", "cats"),),
    "dog": (("dog", "dogs"),),
    "horse": (("horse", "horses"),),
    "bird": (("bird", "birds"),),
    "car": (("car", "cars"),),
    "bicycle": (("bicycle", "bicycles"), ("bike", "bikes")),
    "boat": (("boat", "boats"), ("sailing boat", "sailing boats"), ("sailboat", "sailboats")),
    "bench": (("bench", "benches"),),
    "umbrella": (("umbrella", "umbrellas"), ("umbrella", "umbrellas"), ("parasol", "parasols")),
    "ball": (("ball", "balls"),),
    "kite": (("kite", "kites"),),
    "cup": (("cup", "cups"), ("mug", "mugs")),
    "chair": (("chair", "chairs"),),
    "plant": (("potted plant", "potted plants"), ("plant", "plants")),
    "animal": (("animal", "animals"),),
    "vehicle": (("vehicle", "vehicles"),),
}
FILLERS: dict[str, tuple[str, ...]] = {
    "person": ("happy", "young"),
    "cat": ("cute", "fluffy", "lovely"),
    "dog": ("happy", "cute", "good"),
    "horse": ("beautiful", "proud"),
    "bird": ("pretty", "cute"),
    "car": ("shiny", "nice"),
    "boat": ("pretty",),
    "bench": ("wooden",),
    "umbrella": ("big", "open"),
    "ball": ("round", "bouncy"),
    "kite": ("colourful",),
    "chair": ("comfortable",),
    "plant": ("healthy",),
}
NUMBERS: dict[int, tuple[str, ...]] = {
    2: ("two", "two", "two", "two", "two", "two", "two", "a pair of", "a couple of"),
    3: ("three",),
    4: ("four",),
}
MANY: dict[int, tuple[str, ...]] = {
    2: ("some", ""),
    3: ("some", "several", "a few", "", "a group of"),
    4: ("some", "several", "a few", "", "a group of"),
}
COLOUR_WORDS: dict[tuple[str, str], tuple[str, ...]] = {
    ("cat", "orange"): ("orange", "ginger"),
    ("cat", "grey"): ("grey", "gray"),
}
CLOTHES = ("sweater", "sweater", "top", "shirt", "hoodie")

# Each action in the form that follows "is" or a noun; then what is said of some kinds only; then finite forms.
DOING: dict[str, tuple[str, ...]] = {
    "sleeping": ("sleeping", "asleep", "taking a nap", "fast asleep", "napping"),
    "sitting": ("sitting", "sitting down", "sitting quietly"),
    "running": ("running", "running along", "running fast", "racing along"),
    "jumping": ("jumping", "leaping", "jumping up in the air", "jumping high"),
    "eating": ("eating", "having a snack", "enjoying some food"),
    "flying": ("flying", "in flight", "flying around", "up in the air flying"),
}
DOING_OF_KIND: dict[tuple[str, str], tuple[str, ...]] = {
    ("cat", "sleeping"): ("curled up asleep",),
    ("dog", "sleeping"): ("lying asleep",),
    ("person", "sleeping"): ("lying asleep",),
    ("horse", "sleeping"): ("lying asleep",),
    ("cat", "eating"): ("eating from a bowl",),
    ("dog", "eating"): ("eating from a bowl",),
    ("horse", "eating"): ("eating hay",),
    ("bird", "eating"): ("pecking at seeds", "eating seeds"),
    ("person", "eating"): ("eating an ice cream",),
}
FINITE: dict[str, tuple[tuple[str, str], ...]] = {
    "sleeping": (("sleeps", "sleep"), ("naps", "nap"), ("takes a nap", "take a nap")),
    "sitting": (("sits", "sit"),),
    "running": (("runs", "run"), ("races along", "race along")),
    "jumping": (("jumps", "jump"), ("leaps into the air", "leap into the air")),
    "eating": (("eats", "eat"), ("has a snack", "have a snack")),
    "flying": (("flies", "fly"), ("flies by", "fly by")),
}
WHERE: dict[str, tuple[str, ...]] = {
    "kitchen": ("in the kitchen", "in a kitchen", "in a bright kitchen", "on the kitchen floor"),
    "living room": ("in the living room", "in a living room", "in a cosy living room"),
    "park": ("in the park", "in a park", "in a green park"),
    "street": ("on the street", "on a city street", "in the city", "in a street in town"),
    "beach": ("on the beach", "at the beach", "on a sandy beach", "by the sea"),
    "snow": ("in the snow", "on a snowy day", "in a snowy landscape"),
    "lake": ("by the lake", "by a lake", "at the lakeside", "beside a mountain lake"),
    "playground": ("at the playground", "near a slide in the park", "in a park with a playground", "by the playground"),
    "market": ("at the market", "on a street with a market stall", "by a market stall in the city"),
    "lighthouse": ("near the lighthouse", "on a beach with a lighthouse", "by the sea near a lighthouse"),
    "cabin": ("near a cabin in the snow", "by a snowy cabin", "in the snow next to a wooden hut"),
    "campsite": ("at a campsite by the lake", "by the lake near a tent", "at a lakeside campsite"),
    "fireplace": ("by the fireplace", "in a living room with a fireplace", "near the fireplace in the living room"),
    "fridge": ("in a kitchen with a fridge", "by the fridge", "near the fridge in the kitchen"),
    "indoors": ("indoors", "inside"),
    "outdoors": ("outdoors", "outside"),
}
SCENERY: dict[str, str] = {
    "kitchen": "a kitchen with",
    "living room": "a living room with",
    "park": "a park with",
    "street": "a city street with",
    "beach": "a beach scene with",
    "snow": "a winter scene with",
    "lake": "a view of a lake with",
    "playground": "a playground with",
    "market": "a market street with",
    "campsite": "a campsite by a lake with",
}
# How the first group stands to the second; then the same seen from the second, where {it} is the first.
STANDS: dict[str, tuple[str, ...]] = {
    "left of": ("to the left of", "left of", "on the left of", "on the left side of"),
    "right of": ("to the right of", "right of", "on the right of", "on the right side of"),
    "in front of": ("in front of",),
    "behind": ("behind",),
    "on": ("on", "on top of"),
    "under": ("under", "underneath", "beneath"),
    "above": ("above", "over"),
}
SEEN_BACK: dict[str, tuple[str, ...]] = {
    "left of": ("to the right", "on the right", "to {its} right", "on {its} right"),
    "right of": ("to the left", "on the left", "to {its} left", "on {its} left"),
    "in front of": ("behind {it}", "in the background"),
    "behind": ("in front of {it}", "in the foreground"),
    "under": ("above {it}", "overhead"),
    "above": ("below {it}", "below"),
}
NEAR = ("near", "next to", "close to", "by")
PICTURE_OF = ("a picture of", "an illustration of", "a drawing of", "a scene with", "here we see", "cartoon of")
REMARKS = ("looks like", "I can see", "you can see", "this shows")
