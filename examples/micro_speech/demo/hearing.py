# SPDX-License-Identifier: Apache-2.0
"""Compares what a device heard with what was played to it."""
from dataclasses import dataclass, field

# A word may be recognised from its start until this long after its end, because
# scores are averaged over several windows and "unknown" must last. The playlist
# leaves longer pauses, so that no moment belongs to two words.
AFTER_END_S = 0.75
WINDOW_S = 1.0  # what a model looks at: a word that began before a swap is not judged


@dataclass
class Score:
    """Keywords are the words that the model knows; others must not be heard as
    one of them."""

    right: dict = field(default_factory=dict)  # keyword -> heard as itself
    played: dict = field(default_factory=dict)  # keyword -> times played
    others_played: dict = field(default_factory=dict)
    others_false: dict = field(default_factory=dict)  # heard as a keyword all the same
    others_unknown: dict = field(default_factory=dict)  # heard as "unknown", as they should be
    noise_false: int = 0  # a keyword heard where no word was played

    @property
    def right_count(self):
        return sum(self.right.values())

    @property
    def played_count(self):
        return sum(self.played.values())

    def keywords(self):
        return "  ".join(f"{word} {self.right[word]}/{self.played[word]}" for word in self.played)

    @property
    def others_played_count(self):
        return sum(self.others_played.values())

    @property
    def unknown_count(self):
        return sum(self.others_unknown.values())

    @property
    def false_count(self):
        return sum(self.others_false.values()) + self.noise_false

    def others(self):
        parts = [f"{'other words' if word.startswith('_') else word} "
                 f"{self.others_unknown.get(word, 0)}/{count}"
                 for word, count in sorted(self.others_played.items(), reverse=True)]
        return "  ".join(parts) + f", taken for a keyword: {self.false_count}"


def words_between(events, start_s, end_s):
    """Words that were played wholly after start_s and judged before end_s."""
    return [
        word
        for word in events
        if word["event"] == "played"
        and word["from_s"] >= start_s
        and word["to_s"] + AFTER_END_S <= end_s
    ]


def score(events, keywords, start_s, end_s):
    """events: a device's, in order. Judges the stretch of its stream between
    start_s, when the model in question was active, and end_s."""
    result = Score({word: 0 for word in keywords}, {word: 0 for word in keywords})
    detections = [e for e in events if e["event"] == "heard" and e["keyword"] == 1]
    unknowns = [e["stream_s"] for e in events if e["event"] == "heard" and e["keyword"] == 0]
    words = words_between(events, start_s, end_s)
    explained = set()
    for word in words:
        low, high = word["from_s"], word["to_s"] + AFTER_END_S
        during = [i for i, d in enumerate(detections) if low <= d["stream_s"] <= high]
        explained.update(during)
        heard = {detections[i]["label"] for i in during}
        label = word["label"]
        if label in keywords:
            result.played[label] += 1
            result.right[label] += heard == {label}
        else:
            result.others_played[label] = result.others_played.get(label, 0) + 1
            if heard:
                result.others_false[label] = result.others_false.get(label, 0) + 1
            elif any(low <= at_s <= high for at_s in unknowns):
                result.others_unknown[label] = result.others_unknown.get(label, 0) + 1
    if words:
        first, last = words[0]["from_s"], words[-1]["to_s"]
        result.noise_false = sum(
            1
            for i, d in enumerate(detections)
            if i not in explained and first <= d["stream_s"] <= last
        )
    return result
