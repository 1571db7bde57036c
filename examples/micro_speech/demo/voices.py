# SPDX-License-Identifier: Apache-2.0
"""Divides recordings in the Speech Commands layout by speaker: who the first
model is trained on, who the devices listen to, who judges. A speaker stands on
one side only, and the same recordings are always divided in the same way."""
import hashlib
import pathlib
import wave
from collections import Counter
from dataclasses import dataclass, field

KEYWORDS = ["yes", "no", "stop", "go"]
OTHER_WORDS_MAX = 8  # enough for "unknown"; the whole of Speech Commands has 31
BACKGROUND = "_background_"
LONG_BACKGROUND = "_background_noise_"  # as Speech Commands has it: minutes, not seconds
LONG_PIECES_MAX = 60                    # taken of each such file
CLIPS_MIN = 3                           # of each keyword and of noise, in each part
RATE = 16000

WHERE_TO_GET_IT = (
    "Speech Commands v0.02 (Pete Warden, CC BY 4.0, 2.3 GB) is such a folder:\n"
    "  mkdir speech_commands\n"
    "  curl http://download.tensorflow.org/data/speech_commands_v0.02.tar.gz | "
    "tar -xz -C speech_commands\n"
    "  ./dev demo --loop --data speech_commands")


class NoVoices(Exception):
    """One paragraph: what is wrong with the folder, and what would do."""


@dataclass(frozen=True)
class Clip:
    word: str     # its folder
    name: str     # SPEAKER_nohash_N.wav
    path: pathlib.Path
    piece: int = -1  # of a long recording: the second that counts

    @property
    def speaker(self):
        """SPEAKER also in WORD_SPEAKER_nohash_N.wav, as assorted words are named."""
        return self.name.split("_nohash_")[0].rpartition("_")[2]


@dataclass
class Group:
    """Voices that stand on one side."""

    clips: list = field(default_factory=list)

    @property
    def speakers(self):
        return {clip.speaker for clip in self.clips}

    @property
    def known_speakers(self):
        """Without recordings that name nobody: noise, assorted other words."""
        return {clip.speaker for clip in self.clips if "_nohash_" in clip.name}

    def count(self):
        return Counter(clip.word for clip in self.clips)

    def write(self, folder):
        """The same layout again, by links to the recordings."""
        for clip in self.clips:
            place = folder / clip.word / clip.name
            place.parent.mkdir(parents=True, exist_ok=True)
            if clip.piece < 0:
                place.symlink_to(clip.path)
            else:
                write_piece(clip, place)
        return folder


def write_piece(clip, place):
    with wave.open(str(clip.path), "rb") as long, wave.open(str(place), "wb") as short:
        long.setpos(clip.piece * RATE)
        short.setparams(long.getparams())
        short.writeframes(long.readframes(RATE))


def wav_files(folder):
    return sorted(path for path in folder.iterdir()
                  if path.suffix == ".wav" and not path.name.startswith("."))


def pieces_of(path):
    try:
        with wave.open(str(path), "rb") as long:
            seconds = long.getnframes() // RATE if long.getframerate() == RATE else 0
    except (wave.Error, EOFError):
        return []
    return [Clip(BACKGROUND, f"{path.stem}-{i:03d}.wav", path, i)
            for i in range(min(seconds, LONG_PIECES_MAX))]


def find_clips(folder):
    """Keywords, some other words and noise."""
    if not folder.is_dir():
        raise NoVoices(f"{folder} is no folder.")
    words = {path.name: path for path in sorted(folder.iterdir())
             if path.is_dir() and not path.name.startswith(".")}
    missing = [word for word in KEYWORDS if word not in words]
    if missing:
        raise NoVoices(f"{folder} has no folder for {', '.join(missing)}: it should hold one for "
                       "each word, with clips SPEAKER_nohash_N.wav of one second.")
    if BACKGROUND not in words and LONG_BACKGROUND not in words:
        raise NoVoices(f"{folder} has no noise: a folder {BACKGROUND} with clips of one second, or "
                       f"{LONG_BACKGROUND} with long recordings.")
    others = [word for word in words if word not in KEYWORDS
              and word not in (BACKGROUND, LONG_BACKGROUND)]
    clips = [Clip(word, path.name, path.resolve()) for word in KEYWORDS + others[:OTHER_WORDS_MAX]
             for path in wav_files(words[word])]
    if BACKGROUND in words:
        clips += [Clip(BACKGROUND, path.name, path.resolve())
                  for path in wav_files(words[BACKGROUND])]
    else:
        clips += [piece for path in wav_files(words[LONG_BACKGROUND])
                  for piece in pieces_of(path.resolve())]
    return clips


def speakers_of(clips):
    """Lists of clips, one a speaker, in an order that depends on names alone."""
    by_speaker = {}
    for clip in clips:
        by_speaker.setdefault(clip.speaker, []).append(clip)
    order = sorted(by_speaker, key=lambda name: hashlib.sha1(name.encode()).digest())
    return [by_speaker[name] for name in order]


def divide(clips, shares, most):
    """One Group for each share of the clips. Where a group would have more than
    its `most`, the speakers that come last are left out."""
    groups = [Group() for _ in shares]
    before = 0
    for mine in speakers_of(clips):
        ends = [sum(shares[: number + 1]) * len(clips) for number in range(len(shares))]
        number = next((i for i, end in enumerate(ends) if before < end), len(shares) - 1)
        if len(groups[number].clips) + len(mine) <= most[number]:
            groups[number].clips += mine
        before += len(mine)
    for number, group in enumerate(groups):
        counts = group.count()
        poor = [word for word in [*KEYWORDS, BACKGROUND] if counts[word] < CLIPS_MIN]
        if poor or len(counts) < len(KEYWORDS) + 2:
            raise NoVoices(f"There are too few speakers to divide: part {number + 1} of "
                           f"{len(groups)} has under {CLIPS_MIN} clips of "
                           f"{', '.join(poor) or 'other words'}.")
    return groups


def share_out(group, count):
    """The group's speakers, dealt out to `count` homes."""
    homes = [Group() for _ in range(count)]
    for mine in speakers_of(group.clips):
        min(homes, key=lambda home: len(home.clips)).clips += mine
    return homes
