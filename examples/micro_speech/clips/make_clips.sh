#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Synthesises the clips of the demo: WORD/VOICE.wav, 16 kHz mono 16 bit, and
# noise in _background_. The result is committed; only whoever wants other words
# or voices needs this script, and espeak-ng, flite and sox for it.
#
#   ./make_clips.sh              the committed clips, again
#   ./make_clips.sh all FOLDER   every word in every voice, to choose from
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

keywords="yes no stop go"
others="seven house happy left right three marvin eight"

# espeak-ng: LANGUAGE+VARIANT@SPEED, flite: flite:VOICE@STRETCH
every_voice() {
  local language variant
  for language in en-us en-gb en-gb-scotland; do
    for variant in m1 m3 m7 f1 f2 f3 f4 f5 Andy Annie belinda boris edward linda Michael \
      paul quincy rob robert shelby steph victor zac Alex adam Mike norbert; do
      printf '%s+%s@150\n' "$language" "$variant"
    done
  done
  local voice stretch
  for voice in kal16 awb rms slt; do
    for stretch in 0.9 1.1 1.25; do printf 'flite:%s@%s\n' "$voice" "$stretch"; done
  done
}

# say WORD VOICE FILE: spoken, without the pauses around it, at one loudness.
say() {
  local word=$1 voice=${2%@*} pace=${2#*@} file=$3
  case $voice in
    flite:*) flite -voice "${voice#flite:}" --setf "duration_stretch=$pace" -t "$word." -o "$work/said.wav" ;;
    *) espeak-ng -v "$voice" -s "$pace" -w "$work/said.wav" "$word" ;;
  esac
  sox -D -V1 "$work/said.wav" -r 16000 -c 1 -b 16 "$file" \
    silence 1 0.01 0.4% reverse silence 1 0.01 0.4% fade 0.02 reverse fade 0.005 norm -8
}

file_name() { printf '%s' "$1" | tr ':+@' '___'; }

# The chosen ones, WORD VOICE: those that both models hear right, in noise too.
chosen() {
  cat "$here/voices.txt"
}

make_all() {
  local word voice
  for word in $keywords $others; do
    mkdir -p "$1/$word"
    every_voice | while read -r voice; do
      say "$word" "$voice" "$1/$word/$(file_name "$voice").wav"
    done
  done
}

make_chosen() {
  local word voice folder name
  chosen | while read -r word voice; do
    case " $keywords " in
      *" $word "*) folder=$word name=$(file_name "$voice") ;;
      *) folder=_unknown_ name=${word}_$(file_name "$voice") ;;
    esac
    mkdir -p "$here/$folder"
    say "$word" "$voice" "$here/$folder/$name.wav"
  done
  mkdir -p "$here/_background_"
  local noise=(sox -D -R -V1 -n -r 16000 -c 1 -b 16)
  "${noise[@]}" "$here/_background_/pink.wav" synth 2 pinknoise norm -24
  "${noise[@]}" "$here/_background_/brown.wav" synth 2 brownnoise highpass 40 norm -20
  "${noise[@]}" "$here/_background_/fan.wav" synth 2 whitenoise lowpass 900 lowpass 900 tremolo 7 20 norm -24
}

if [ "${1:-}" = all ]; then
  make_all "${2:?where to: ./make_clips.sh all FOLDER}"
else
  make_chosen
fi
