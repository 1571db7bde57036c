#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the documents point at is there.

- each relative link of every Markdown file leads to a file, and its #anchor to
  a heading of that file;
- each path in backticks in the documents that tell where things are exists, from
  the root or, in a row of a table, from the folder that the row is about
  (NAME and PART stand for anything);
- each `./dev VERB` is a verb that ./dev knows;
- the operators that docs/spec/model.md lists are those of wit/ops.h.
"""
import glob
import os
import re
import subprocess
import sys

from tree import ROOT, files, read

MAPS = ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md")

FENCE = re.compile(r"^(```|~~~).*?^\1", re.M | re.S)
SPAN = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ +(.*?) *#*$", re.M)
PATH = re.compile(r"^[\w.@-]+(/[\w.*-]+)*/?$")
PLACEHOLDER = re.compile(r"NAME|PART")
FILE_ENDING = re.compile(r"\.(c|h|md|json|py|sh|sql|txt|cmake)$")


def blank_fences(text):
    return FENCE.sub(lambda fence: "\n" * fence.group(0).count("\n"), text)


def anchors(text):
    """As GitHub makes them from headings."""
    words = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in HEADING.findall(blank_fences(text)))
    return {word.replace(" ", "-") for word in words}


def check_link(document, target):
    path, _, anchor = target.partition("#")
    at = os.path.normpath(os.path.join(os.path.dirname(document), path)) if path else document
    if not os.path.exists(os.path.join(ROOT, at)):
        return f"there is no {at}"
    if anchor and at.endswith(".md") and anchor not in anchors(read(at)):
        return f"{at} has no heading for #{anchor}"
    return None


def is_path(word):
    return bool(PATH.match(word)) and ("/" in word or FILE_ENDING.search(word) is not None)


def exists_below(folder, word):
    return bool(glob.glob(os.path.join(ROOT, folder, PLACEHOLDER.sub("*", word))))


def check_word(word, line, verbs):
    if word.startswith("./dev "):
        verb = word.split()[1]
        return None if verb in verbs else f"./dev has no verb {verb}"
    if not is_path(word) or word == "build/":
        return None
    row = re.match(r"\| `([\w/]+/)` \|", line)
    folders = [""] + ([row.group(1)] if row else [])
    return None if any(exists_below(folder, word) for folder in folders) else f"there is no {word}"


def check_document(document, verbs, problems):
    checked = 0
    for number, line in enumerate(blank_fences(read(document)).split("\n"), 1):
        answers = [check_link(document, target) for target in LINK.findall(line)
                   if not re.match(r"\w+:", target)]
        if document in MAPS:
            answers += [check_word(word, line, verbs) for word in SPAN.findall(line)]
        problems += [f"{document}:{number}: {answer}" for answer in answers if answer]
        checked += len(answers)
    return checked


def check_operators(problems):
    section = read("docs/spec/model.md").partition("\n## Operators\n\n")[2].partition("\n")[0]
    listed = section.split(", ")
    there = [name.upper() for name in re.findall(r"wit_op_(\w+);", read("runtime/include/wit/ops.h"))]
    if listed != there:
        problems.append(f"docs/spec/model.md lists the operators {listed}, wit/ops.h has {there}")


def main():
    verbs = set(re.findall(r"^  (\w+) ", subprocess.run(
        ["./dev", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout, re.M)) | {"help"}
    problems, checked = [], {}
    for document in [name for name in files() if name.endswith(".md")]:
        checked[document] = check_document(document, verbs, problems)
    check_operators(problems)
    for document in MAPS:
        if not checked.get(document):
            problems.append(f"{document}: nothing in it was checked")
    for problem in problems:
        print(problem)
    print(f"{sum(checked.values())} links and paths in {len(checked)} documents, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
