# SPDX-License-Identifier: Apache-2.0
"""What the demos print: steps, sentences that were checked, tables."""
import os
import shutil
import sys

COLOURS = sys.stdout.isatty() and "NO_COLOR" not in os.environ


def paint(code, text):
    return f"\x1b[{code}m{text}\x1b[0m" if COLOURS else text


class Screen:
    """Lines that stay, and one that is overwritten while something goes on."""

    def __init__(self):
        self.progressing = False
        self.last_long_step = None

    def line(self, text=""):
        if self.progressing:
            sys.stdout.write("\r\x1b[K")
            self.progressing = False
        print(text, flush=True)

    def progress(self, long_step, detail=""):
        """`long_step` goes on; where there is no terminal it is told once."""
        if sys.stdout.isatty():
            columns = shutil.get_terminal_size().columns
            sys.stdout.write("\r\x1b[K" + f"  … {long_step}  {detail}"[: columns - 1])
            sys.stdout.flush()
            self.progressing = True
        elif long_step != self.last_long_step:
            print(f"  … {long_step}", flush=True)
        self.last_long_step = long_step

    def table(self, head, rows):
        """Columns as wide as their widest cell, two spaces between."""
        cells = [head] + rows
        widths = [max(len(str(line[i])) for line in cells) for i in range(len(head))]
        for number, line in enumerate(cells):
            text = "  ".join(str(cell).ljust(width) for cell, width in zip(line, widths)).rstrip()
            self.line("  " + (paint("1", text) if number == 0 else text))


class Story:
    """Steps and sentences. What was claimed and is not true fails the demo."""

    def __init__(self):
        self.screen = Screen()
        self.failures = []

    def step(self, number, title):
        self.screen.line()
        self.screen.line(paint("1", f"{number}. {title}"))

    def say(self, text):
        self.screen.line(f"  · {text}")

    def command(self, text):
        self.screen.line(paint("2", f"    $ {text}"))

    def claim(self, true, sentence, seen=""):
        """A sentence of the demo, checked. What was seen is told either way."""
        self.screen.line(f"  {paint('32', '✓') if true else paint('31', '✗')} {sentence}"
                         + (f" ({seen})" if seen else ""))
        if not true:
            self.failures.append(sentence + (f" ({seen})" if seen else ""))

    def end(self, seconds):
        """The last lines, and the exit code that goes with them."""
        self.screen.line()
        if not self.failures:
            self.screen.line(f"demo passed in {seconds:.0f} s")
            return 0
        self.screen.line(paint("31", f"demo failed after {seconds:.0f} s: not true was"))
        for sentence in self.failures:
            self.screen.line(f"  ✗ {sentence}")
        return 1
