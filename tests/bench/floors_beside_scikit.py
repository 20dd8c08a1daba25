#!/usr/bin/env python3
"""Logistic regressions and RBF SVMs of a results folder, fitted anew by scikit-learn: usage: floors_beside_scikit.py RESULTS

Each run of `logistic` and `rbf_svm` is repeated on the pieces it trained on (features.h5, standardised), and its answers are
compared piece by piece. Beside it, of folds: what scikit-learn scores for twenty other ways of dealing songs to them.
Needs scikit-learn and h5py.
"""
import collections
import json
import pathlib
import sys

import h5py
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

TRAIN, FOLDS, DEALINGS = 1, 5, 20
SYSTEMS = {
    "logistic": lambda: make_pipeline(StandardScaler(), LogisticRegression(C=0.05, tol=1e-8, max_iter=10000)),
    "rbf_svm": lambda: make_pipeline(StandardScaler(), SVC(C=1, gamma="auto")),
}


def texts(values):
    return np.array([value.decode() for value in values])


class Music:
    """Labelled pieces of a data set: features [piece][feature], labels, songs, and the part of every split."""

    def __init__(self, folder):
        with h5py.File(folder / "tokens.h5") as tokens, h5py.File(folder / "features.h5") as features:
            label = tokens["pieces/label"][:]
            self.id, self.label, self.song = texts(tokens["pieces/id"]), label, texts(tokens["pieces/group"])
            self.split, self.split_names = tokens["pieces/split"][:], list(texts(tokens.attrs.get("split_names", [])))
            row = {piece: r for r, piece in enumerate(texts(features["piece_id"]))}
            self.features = features["values"][:].astype(float)[[row[piece] for piece in self.id]]
            self.names = texts(features["names"])

    def columns(self, sets):
        return [c for c, name in enumerate(self.names) if sets == ["all"] or "velocity" not in name]


def main():
    results = pathlib.Path(sys.argv[1])
    music = {}
    cells = collections.defaultdict(list)  # (data set, split, system, features): runs
    for file in sorted(results.glob("runs/*/result.json")):
        run = json.loads(file.read_text())
        config = run["config"]
        if config["system"] in SYSTEMS and config["data"].get("fold_seed", 1) == 1:
            dataset = file.parent.name.split("_")[0]
            if dataset not in music:
                music[dataset] = Music(results / "inputs" / dataset)
            split, sets = config["data"]["split"], config.get("classifier", {}).get("features", ["all"])
            with h5py.File(file.parent / "predictions.h5") as answers:
                cells[dataset, split, config["system"], *sets].append(
                    (texts(answers["pieces/id"])[answers["piece"][:]], answers["logits"][:].argmax(1)))

    print("| data set | split | system | features | ours | scikit-learn, same pieces | same answers | other dealings |")
    print("|:--|:--|:--|:--|--:|--:|--:|--:|")
    for (dataset, split, system, *sets), runs in sorted(cells.items()):
        of, right, theirs, same, scored = music[dataset], 0, 0, 0, 0
        place = {piece: p for p, piece in enumerate(of.id)}
        features = of.features[:, of.columns(sets)]
        for pieces, answers in runs:
            test = np.array([place[piece] for piece in pieces])
            if split == "folds":
                train = np.setdiff1d(np.arange(len(of.id)), test)
            else:
                train = np.flatnonzero(of.split[:, of.split_names.index(split)] == TRAIN)
            fitted = SYSTEMS[system]().fit(features[train], of.label[train]).predict(features[test])
            right, theirs = right + sum(answers == of.label[test]), theirs + sum(fitted == of.label[test])
            same, scored = same + sum(answers == fitted), scored + len(test)
        others = []
        for seed in range(DEALINGS if split == "folds" else 0):
            dealt = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed).split(features, of.label, of.song)
            others.append(100 * np.mean(np.concatenate([
                SYSTEMS[system]().fit(features[a], of.label[a]).predict(features[b]) == of.label[b] for a, b in dealt])))
        spread = f"{np.mean(others):.1f} ({min(others):.1f} … {max(others):.1f})" if others else "–"
        print(f"| {dataset} | {split} | {system} | {', '.join(sets)} | {100 * right / scored:.1f} | {100 * theirs / scored:.1f} "
              f"| {same} of {scored} | {spread} |")


if __name__ == "__main__":
    main()
