#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How the loop's demo divides recordings, on made-up ones."""
import pathlib
import shutil
import struct
import tempfile
import unittest
import wave

import support
import voices


def write_wav(path, seconds=0.01, value=0, rate=16000):
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, rate, 0, "NONE", ""))
        file.writeframes(struct.pack("<h", value) * int(seconds * rate))


class Voices(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="godwit-voices-"))
        self.addCleanup(shutil.rmtree, self.folder)

    def record(self, speakers=60, words=("yes", "no", "stop", "go", "down", "up")):
        for speaker in range(speakers):
            for word in words:
                for take in range(1 + speaker % 2):
                    write_wav(self.folder / word / f"{speaker:08x}_nohash_{take}.wav")
            write_wav(self.folder / voices.BACKGROUND / f"{speaker}.wav")

    def divided(self, shares=(0.2, 0.5, 0.3), most=(10000, 10000, 10000)):
        return voices.divide(voices.find_clips(self.folder), list(shares), list(most))

    def test_a_folder_that_is_not_there_is_told(self):
        with self.assertRaisesRegex(voices.NoVoices, "is no folder"):
            voices.find_clips(self.folder / "nothing")

    def test_a_missing_word_is_told_by_name(self):
        self.record(words=("yes", "no", "go", "up"))
        with self.assertRaisesRegex(voices.NoVoices, "no folder for stop"):
            voices.find_clips(self.folder)

    def test_missing_noise_is_told(self):
        self.record()
        shutil.rmtree(self.folder / voices.BACKGROUND)
        with self.assertRaisesRegex(voices.NoVoices, "no noise"):
            voices.find_clips(self.folder)

    def test_too_few_speakers_are_told(self):
        self.record(speakers=4)
        with self.assertRaisesRegex(voices.NoVoices, "too few speakers"):
            self.divided()

    def test_no_speaker_stands_on_two_sides(self):
        self.record()
        groups = self.divided()
        for group in groups:
            self.assertTrue(group.speakers)
        self.assertEqual(sum(len(group.speakers) for group in groups),
                         len(set().union(*(group.speakers for group in groups))))
        self.assertEqual(sum(len(group.clips) for group in groups), 60 * 9 + 60)

    def test_assorted_words_stand_on_their_speakers_side(self):
        self.record()
        for speaker in range(60):
            write_wav(self.folder / "_unknown_" / f"tree_{speaker:08x}_nohash_0.wav")
        for group in self.divided():
            names = {clip.name.split("_nohash_")[0][-8:] for clip in group.clips
                     if clip.word == "_unknown_"}
            self.assertTrue(names)
            self.assertEqual(names, {clip.name[:8] for clip in group.clips if clip.word == "yes"})

    def test_the_same_recordings_are_divided_in_the_same_way(self):
        self.record()
        self.assertEqual([g.clips for g in self.divided()], [g.clips for g in self.divided()])

    def test_no_side_has_more_clips_than_it_may(self):
        self.record()
        for group in self.divided(most=(60, 100, 60)):
            self.assertLessEqual(len(group.clips), 100)

    def test_a_home_has_voices_that_no_other_home_has(self):
        self.record()
        homes = voices.share_out(self.divided()[1], 3)
        self.assertEqual(sum(len(home.speakers) for home in homes),
                         len(set().union(*(home.speakers for home in homes))))
        sizes = [len(home.clips) for home in homes]
        self.assertLess(max(sizes) - min(sizes), 20)

    def test_a_written_group_is_the_layout_again(self):
        self.record()
        group = self.divided()[0]
        place = group.write(self.folder / "written")
        names = {str(path.relative_to(place)) for path in place.glob("*/*.wav")}
        self.assertEqual(names, {f"{clip.word}/{clip.name}" for clip in group.clips})
        self.assertEqual(len(voices.find_clips(place)), len(group.clips))

    def test_long_noise_is_cut_into_seconds(self):
        self.record()
        shutil.rmtree(self.folder / voices.BACKGROUND)
        write_wav(self.folder / voices.LONG_BACKGROUND / "rain.wav", seconds=30.5, value=7)
        write_wav(self.folder / voices.LONG_BACKGROUND / "other.wav", seconds=9, rate=8000)
        (self.folder / voices.LONG_BACKGROUND / "README.md").write_text("noise")
        group = self.divided()[1]
        noise = [clip for clip in group.clips if clip.word == voices.BACKGROUND]
        self.assertTrue(3 <= len(noise) <= 27)
        place = group.write(self.folder / "written")
        for path in (place / voices.BACKGROUND).iterdir():
            with wave.open(str(path), "rb") as piece:
                self.assertEqual(piece.getnframes(), 16000)
                self.assertEqual(piece.readframes(1), struct.pack("<h", 7))


if __name__ == "__main__":
    support.main(Voices)
