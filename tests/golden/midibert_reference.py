#!/usr/bin/env python3
"""MidiBERT for classification, from the equations, to compare with: random weights, checkpoints of them, logits, hidden states.

usage: midibert_reference.py save SIZE PREFIX [SEED]     writes PREFIX.ckpt (zip), PREFIX_legacy.ckpt, PREFIX.safetensors
       midibert_reference.py compare PREFIX ROWS.npy PREDICTIONS_CONVENTION.h5...
       midibert_reference.py golden FOLDER               writes the committed files of tests/golden/logits

Needs torch and numpy; `save` also safetensors, `compare` h5py. SIZE: base, tiny, or smallest (for committed files).

Chou et al., "MidiBERT-Piano" (arXiv 2107.05223); Devlin et al., BERT; Huang et al., "Improve Transformer Models with Better
Relative Position Embeddings" (arXiv 2009.13658, method 4); Lin et al., "A Structured Self-attentive Sentence Embedding". With
h the words' vectors, l a query's position, r a key's, D a layer's table of distances:
    score(l, r) = (q_l . k_r + q_l . D[l - r + P - 1] + k_r . D[l - r + P - 1]) / sqrt(width) - 10000 where r is masked
Everything is written out as it is defined, the table of l x r x width included: slow, and nothing to get wrong.

Every part gets weights that show when it is wrong: LayerNorms that are not 1 and 0, distances and token types as large as what
they are added to, biases everywhere, layers that add little to what they are given (else all words would be alike after twelve).
`compare` computes in float64 from the float32 weights, so that all rounding is the other's.
A difference of logits is told relative to the largest absolute logit of the row; one of hidden states relative to the root of the
sum of squares of the state.
"""
import collections
import json
import math
import os
import sys

# The wheel of PyTorch is made for GPUs, too; what is only needed there may then be empty libraries.
sys.setdlopenflags(os.RTLD_LAZY)

import numpy
import torch

SIZES = {  # layers, hidden, heads, between, width of a column's embedding, longest row
    "base": (12, 768, 12, 3072, 256, 512),
    "tiny": (2, 128, 2, 512, 256, 512),
    "smallest": (2, 12, 2, 20, 6, 32),
}
IDS = (4, 18, 88, 66)  # of Bar, Position, Pitch, Duration
PAD = (2, 16, 86, 64)
POOLING = {"base": (128, 4, 256), "tiny": (128, 4, 256), "smallest": (5, 3, 7)}  # width, rows, hidden
CLASSES = 4
CONVENTIONS = ("masked", "pooled", "attended")


def weights_of(size, seed=1):
    """The state_dict that MIDI-BERT's fine-tuning saves, in its order, with the tensors that are never used."""
    layers, hidden, heads, between, width, positions = SIZES[size]
    pooling_width, pooling_rows, pooling_hidden = POOLING[size]
    random = torch.Generator().manual_seed(seed)
    state = collections.OrderedDict()

    def add(name, *shape, scale=1.0, around=0.0):
        state[name] = torch.randn(*shape, generator=random) * scale + around

    def linear(name, out, into, bias=True, gain=1.0):
        add(name + ".weight", out, into, scale=gain * into**-0.5)
        if bias:
            add(name + ".bias", out, scale=0.1)

    def norm(name):
        add(name + ".weight", hidden, scale=0.3, around=1.0)
        add(name + ".bias", hidden, scale=0.1)

    bert = "midibert.bert."
    state[bert + "embeddings.position_ids"] = torch.arange(positions).unsqueeze(0)
    add(bert + "embeddings.word_embeddings.weight", 50, hidden)  # the original has 30,522 rows, which nothing reads
    add(bert + "embeddings.position_embeddings.weight", positions, hidden)
    add(bert + "embeddings.token_type_embeddings.weight", 2, hidden)
    norm(bert + "embeddings.LayerNorm")
    for i in range(layers):
        layer = f"{bert}encoder.layer.{i}."
        for part, gain in (("query", 2), ("key", 2), ("value", 1)):
            linear(layer + "attention.self." + part, hidden, hidden, gain=gain)
        add(layer + "attention.self.distance_embedding.weight", 2 * positions - 1, hidden // heads, scale=0.5)
        linear(layer + "attention.output.dense", hidden, hidden, gain=0.3)
        norm(layer + "attention.output.LayerNorm")
        linear(layer + "intermediate.dense", between, hidden)
        linear(layer + "output.dense", hidden, between, gain=0.5)
        norm(layer + "output.LayerNorm")
    linear(bert + "pooler.dense", hidden, hidden)
    for i, ids in enumerate(IDS):
        add(f"midibert.word_emb.{i}.lut.weight", ids, width, scale=width**-0.5)
    linear("midibert.in_linear", hidden, len(IDS) * width)
    linear("attention.ws1", pooling_width, hidden, bias=False)
    linear("attention.ws2", pooling_rows, pooling_width, bias=False)
    linear("classifier.0", pooling_hidden, pooling_rows * hidden)
    linear("classifier.2", CLASSES, pooling_hidden)
    state["attention.ws2.weight"] *= 4  # so that the pooling is no plain mean
    return state


def save(size, prefix, seed=1):
    state = weights_of(size, int(seed))
    whole = {"epoch": 1, "state_dict": state, "valid_acc": 0.25}
    torch.save(whole, prefix + ".ckpt")
    torch.save(whole, prefix + "_legacy.ckpt", _use_new_zipfile_serialization=False)
    try:
        from safetensors.torch import save_file
    except ImportError:
        print("safetensors is not there; no file of it is written", file=sys.stderr)
        return
    save_file(dict(state), prefix + ".safetensors")


def normalise(x, weight, bias):
    mean = x.mean(-1, keepdim=True)
    variance = ((x - mean) ** 2).mean(-1, keepdim=True)
    return (x - mean) / torch.sqrt(variance + 1e-12) * weight + bias


def linear(state, x, name):
    y = x @ state[name + ".weight"].T
    return y + state[name + ".bias"] if name + ".bias" in state else y


def hidden_states(state, words, attended):
    """What leaves the embedding and each layer, [words, hidden], of one row [words, columns]. attended: 1 for keys that may be."""
    layer_prefix = "midibert.bert.encoder.layer."
    layers = 1 + max(int(name[len(layer_prefix) :].split(".")[0]) for name in state if name.startswith(layer_prefix))

    def norm(x, name):
        return normalise(x, state[name + ".weight"], state[name + ".bias"])

    columns = []
    for i in range(words.shape[1]):
        table = state[f"midibert.word_emb.{i}.lut.weight"]
        columns.append(table[words[:, i]] * math.sqrt(table.shape[1]))
    x = linear(state, torch.cat(columns, -1), "midibert.in_linear")
    x = norm(x + state["midibert.bert.embeddings.token_type_embeddings.weight"][0], "midibert.bert.embeddings.LayerNorm")
    states = [x]
    length, hidden = x.shape
    place = torch.arange(length)
    for i in range(layers):
        layer = f"{layer_prefix}{i}."
        table = state[layer + "attention.self.distance_embedding.weight"]
        width = table.shape[1]
        distance = table[place[:, None] - place[None, :] + (table.shape[0] - 1) // 2]  # [query, key, width]
        q, k, v = (linear(state, x, layer + "attention.self." + part).view(length, hidden // width, width).transpose(0, 1)
                   for part in ("query", "key", "value"))  # [heads, words, width]
        score = q @ k.transpose(1, 2)
        score = score + torch.einsum("hld,lrd->hlr", q, distance)
        score = score + torch.einsum("hrd,lrd->hlr", k, distance)
        score = score / math.sqrt(width) + (1 - attended) * -10000.0
        heads = (torch.softmax(score, 2) @ v).transpose(0, 1).reshape(length, hidden)
        a = norm(linear(state, heads, layer + "attention.output.dense") + x, layer + "attention.output.LayerNorm")
        wide = linear(state, a, layer + "intermediate.dense")
        wide = wide * 0.5 * (1 + torch.erf(wide / math.sqrt(2)))
        x = norm(linear(state, wide, layer + "output.dense") + a, layer + "output.LayerNorm")
        states.append(x)
    return states


def logits_of(state, x, pooled):
    """x: the last hidden state; pooled: 1 for words that may be."""
    score = linear(state, torch.tanh(linear(state, x, "attention.ws1")), "attention.ws2")  # [words, rows]
    score = score.masked_fill(pooled[:, None] == 0, -math.inf)
    pooling = (torch.softmax(score, 0).T @ x).flatten()
    return linear(state, torch.relu(linear(state, pooling, "classifier.0")), "classifier.2")


def checksums(states, count):
    """[states, 2], as `mofi evaluate --hidden-states` writes them, of the first `count` words."""
    sums = []
    for state in states:
        h = state[:count].numpy().astype(numpy.float64).ravel()
        sums.append([h @ numpy.sin(numpy.arange(h.size)), h @ h])
    return numpy.array(sums)


def evaluate(state, rows):
    """Of padded rows [rows, words, columns], in float64: by convention, logits [rows, classes] and checksums [rows, states, 2]."""
    state = {name: tensor.double() for name, tensor in state.items() if tensor.is_floating_point()}
    found = {convention: ([], []) for convention in CONVENTIONS}
    for row in rows:
        words = torch.from_numpy(numpy.asarray(row, dtype=numpy.int64))
        mask = (words[:, 0] != PAD[0]).double()
        everything = torch.ones_like(mask)
        with_mask, without = hidden_states(state, words, mask), hidden_states(state, words, everything)
        for convention, states, pooled in zip(CONVENTIONS, (with_mask, with_mask, without), (mask, everything, everything)):
            found[convention][0].append(logits_of(state, states[-1], pooled).numpy())
            found[convention][1].append(checksums(states, int(mask.sum())))
    return {convention: (numpy.array(logits), numpy.array(sums)) for convention, (logits, sums) in found.items()}


def differences(logits, sums, expected_logits, expected_sums):
    """The largest ones: of logits relative to the row's largest, of states relative to the root of their sum of squares."""
    by_logits = numpy.abs(logits - expected_logits).max(1) / numpy.abs(expected_logits).max(1)
    size = numpy.sqrt(expected_sums[..., 1])
    by_states = numpy.maximum(numpy.abs(sums[..., 0] - expected_sums[..., 0]) / size,
                              numpy.abs(sums[..., 1] - expected_sums[..., 1]) / size**2)
    return by_logits.max(), by_states.max()


def compare(prefix, rows, *files):
    import h5py

    state = torch.load(prefix + ".ckpt", weights_only=True)["state_dict"]
    rows = numpy.load(rows)
    expected = evaluate(state, rows)
    words = (rows[:, :, 0] != PAD[0]).sum(1)
    print(f"{len(rows)} rows of {words.min()} to {words.max()} words")
    worst = 0
    for name in files:
        expected_logits, expected_sums = expected[name.removesuffix(".h5").split("_")[-1]]
        spread = expected_logits.std(0).max() / numpy.abs(expected_logits).max()
        assert spread > 0.01, "the rows' logits are all alike: weights that show nothing"
        with h5py.File(name) as file:
            logits, sums = file["logits"][:], file["hidden_states"][:]
        assert logits.shape == expected_logits.shape and sums.shape == expected_sums.shape, f"{name}: {logits.shape}, {sums.shape}"
        by_logits, by_states = differences(logits, sums, expected_logits, expected_sums)
        print(f"{name}: logits differ by {by_logits:.1e} of the row's largest, hidden states by {by_states:.1e} of their size")
        worst = max(worst, by_logits, by_states)
    if not (files and worst < 1e-5):
        sys.exit("more than 1e-5")


def made_up_rows(lengths, positions, seed=2):
    """Rows of words that mean nothing, padded: [rows, positions, columns]."""
    random = numpy.random.RandomState(seed)
    rows = numpy.tile(numpy.array(PAD, dtype=numpy.int64), (len(lengths), positions, 1))
    for row, length in zip(rows, lengths):
        for column, pad in enumerate(PAD):  # ordinary ids are those below the pad's
            row[:length, column] = random.randint(0, pad, length)
    return rows


def golden(folder):
    """A model small enough to be committed, rows for it, and what it computes of them."""
    prefix = folder + "/smallest"
    save("smallest", prefix)
    rows = made_up_rows([32, 31, 20, 9, 2, 1], SIZES["smallest"][-1])
    numpy.save(folder + "/rows.npy", rows)
    state = torch.load(prefix + ".ckpt", weights_only=True)["state_dict"]
    expected = {convention: {"logits": logits.tolist(), "hidden_states": sums.tolist()}
                for convention, (logits, sums) in evaluate(state, rows).items()}
    with open(folder + "/expected.json", "w") as file:
        json.dump(expected, file, indent=1)


def main():
    commands = {"save": save, "compare": compare, "golden": golden}
    if len(sys.argv) < 2 or sys.argv[1] not in commands:
        sys.exit(__doc__)
    commands[sys.argv[1]](*sys.argv[2:])


if __name__ == "__main__":
    main()
