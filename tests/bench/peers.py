#!/usr/bin/env python3
"""One pass after another of a peer over a list of MIDI files, on one core.

usage: peers.py PEER LIST SECONDS     LIST: a text file, a MIDI file a line. Prints a line of JSON.

midibert   what MIDI-BERT's preparation does (specification, section 2): miditoolkit reads, numpy's argmin over the
           grid quantises, dictionaries turn events into words, rows of 512 are padded. Notes whose pitch has no
           word are left out, where the original stops. Tokens only, no mode.
symusic    symusic.Score(path): its parser in C++, called from Python, reading alone.
miditok    MidiTok's Compound Word tokeniser with its defaults, symusic reading for it.
"""
import hashlib
import json
import sys
import time
import types


def midibert():
    import numpy

    if not hasattr(numpy, "int"):
        numpy.int = int  # miditoolkit 0.1.14 is older than its removal
    # Drawing of piano rolls, which would need scipy and matplotlib.
    sys.modules["miditoolkit.pianoroll"] = types.ModuleType("miditoolkit.pianoroll")
    from miditoolkit.midi.parser import MidiFile

    step, bar_ticks = 120, 1920
    durations = numpy.arange(60, 3841, 60)
    word_of = {
        "Bar": {"Bar New": 0, "Bar Continue": 1},
        "Position": {f"Position {i + 1}/16": i for i in range(16)},
        "Pitch": {f"Pitch {22 + i}": i for i in range(86)},
        "Duration": {f"Duration {i}": i for i in range(64)},
    }
    padding = [2, 16, 86, 64]

    def words_of(path):
        notes = []
        for instrument in MidiFile(path).instruments:
            notes += sorted(instrument.notes, key=lambda note: (note.start, note.pitch))
        notes.sort(key=lambda note: note.start)
        if not notes:
            return []
        grid = numpy.arange(0, notes[-1].start, step, dtype=int)
        for note in notes:
            shift = grid[numpy.argmin(abs(grid - note.start))] - note.start
            note.start += shift
            note.end += shift
        notes.sort(key=lambda note: note.start)
        words, bar_before = [], None
        for note in notes:
            bar = note.start // bar_ticks
            lines = numpy.linspace(bar * bar_ticks, (bar + 1) * bar_ticks, 16, endpoint=False)
            position = numpy.argmin(abs(lines - note.start))
            duration = numpy.argmin(abs(durations - (note.end - note.start)))
            if f"Pitch {note.pitch}" not in word_of["Pitch"]:
                continue
            words.append([
                word_of["Bar"]["Bar Continue" if bar == bar_before else "Bar New"],
                word_of["Position"][f"Position {position + 1}/16"],
                word_of["Pitch"][f"Pitch {note.pitch}"],
                word_of["Duration"][f"Duration {duration}"],
            ])
            bar_before = bar
        return words

    def one_pass(files):
        rows = []
        for path in files:
            words = words_of(path)
            for first in range(0, len(words), 512):
                row = words[first : first + 512]
                rows.append(row + [padding] * (512 - len(row)))
        rows = numpy.array(rows, dtype="<i8")
        return lambda: hashlib.sha256(rows.tobytes()).hexdigest()

    return one_pass


def symusic():
    from symusic import Score

    def one_pass(files):
        for path in files:
            Score(path)
        return lambda: None

    return one_pass


def miditok():
    from miditok import CPWord, TokenizerConfig
    from symusic import Score

    tokenizer = CPWord(TokenizerConfig())

    def one_pass(files):
        for path in files:
            tokenizer.encode(Score(path))
        return lambda: None

    return one_pass


def main():
    _, peer, list_of_files, least_seconds = sys.argv
    with open(list_of_files, encoding="utf-8") as lines:
        files = lines.read().splitlines()
    one_pass = {"midibert": midibert, "symusic": symusic, "miditok": miditok}[peer]()
    one_pass(files[:50])  # warms caches and imports
    passes, wall, cpu = 0, time.perf_counter(), time.process_time()
    while passes == 0 or time.perf_counter() - wall < float(least_seconds):
        digest_of = one_pass(files)
        passes += 1
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(json.dumps({"files": len(files), "passes": passes, "wall_s": wall / passes, "cpu_s": cpu / passes,
                      "digest": digest_of()}))


main()
