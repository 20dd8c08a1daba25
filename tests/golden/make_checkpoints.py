#!/usr/bin/env python3
"""Writes tests/golden/checkpoints/: small checkpoints as PyTorch saves MIDI-BERT's. usage: make_checkpoints.py [FOLDER]

Needs torch. Element i of the k-th tensor of a state_dict (counted from 0) is ((31 k + 7 i) mod 97 - 48) / 64, which every type
of floating-point numbers holds exactly; so the tests know every number without Python. The model has 1 layer of 4, 2 heads, rows
of 4 words.
"""
import collections
import pathlib
import sys

import torch

HIDDEN, HEADS, BETWEEN, WIDTH, POSITIONS = 4, 2, 8, 2, 4
COLUMNS = [4, 18, 88, 66]


def shapes(text_tables=True):
    yield "bert.embeddings.position_ids", (1, POSITIONS)
    if text_tables:
        yield "bert.embeddings.word_embeddings.weight", (10, HIDDEN)
        yield "bert.embeddings.position_embeddings.weight", (POSITIONS, HIDDEN)
    yield "bert.embeddings.token_type_embeddings.weight", (2, HIDDEN)
    yield from norm("bert.embeddings.LayerNorm")
    layer = "bert.encoder.layer.0."
    for part in ("query", "key", "value"):
        yield from linear(layer + "attention.self." + part, HIDDEN, HIDDEN)
    yield layer + "attention.self.distance_embedding.weight", (2 * POSITIONS - 1, HIDDEN // HEADS)
    yield from linear(layer + "attention.output.dense", HIDDEN, HIDDEN)
    yield from norm(layer + "attention.output.LayerNorm")
    yield from linear(layer + "intermediate.dense", HIDDEN, BETWEEN)
    yield from linear(layer + "output.dense", BETWEEN, HIDDEN)
    yield from norm(layer + "output.LayerNorm")
    if text_tables:
        yield from linear("bert.pooler.dense", HIDDEN, HIDDEN)
    for i, ids in enumerate(COLUMNS):
        yield f"word_emb.{i}.lut.weight", (ids, WIDTH)
    yield from linear("in_linear", len(COLUMNS) * WIDTH, HIDDEN)


def linear(name, inputs, outputs):
    yield name + ".weight", (outputs, inputs)
    yield name + ".bias", (outputs,)


def norm(name):
    yield name + ".weight", (HIDDEN,)
    yield name + ".bias", (HIDDEN,)


def sequence_head(classes=4):
    yield "attention.ws1.weight", (3, HIDDEN)
    yield "attention.ws2.weight", (2, 3)
    yield from linear("classifier.0", 2 * HIDDEN, 5)
    yield from linear("classifier.2", 5, classes)


def state(named_shapes, dtype=torch.float32):
    made = collections.OrderedDict()
    for k, (name, shape) in enumerate(named_shapes):
        count = int(torch.tensor(shape).prod())
        if name.endswith("position_ids"):
            made[name] = torch.arange(count).reshape(shape)
        else:
            made[name] = (((31 * k + 7 * torch.arange(count)) % 97 - 48) / 64).to(dtype).reshape(shape)
    made._metadata = collections.OrderedDict([("", {"version": 1}), ("bert", {"version": 1})])
    return made


def with_prefix(prefix, named_shapes):
    return [(prefix + name, shape) for name, shape in named_shapes]


def optimizer_state(weights):
    """Of torch's own AdamW after a step, whose state_dict is shaped as HuggingFace's."""
    parameters = [torch.nn.Parameter(w.clone().float()) for n, w in weights.items() if not n.endswith("position_ids")][-4:]
    optimizer = torch.optim.AdamW(parameters, lr=2e-5, weight_decay=0.01)
    for p in parameters:
        p.grad = torch.ones_like(p)
    optimizer.step()
    return optimizer.state_dict()


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent / "checkpoints")
    folder.mkdir(parents=True, exist_ok=True)
    fine_tuned_shapes = with_prefix("midibert.", shapes()) + list(sequence_head())
    small = list(shapes(text_tables=False))

    pretrained = state(shapes())
    whole = {"epoch": 500, "state_dict": pretrained, "best_acc": 0.7973, "valid_acc": [0.9, 0.5, 0.25, 0.75], "valid_loss": 1.5,
             "train_loss": 1.25, "optimizer": optimizer_state(pretrained)}
    torch.save(whole, folder / "pretrained.ckpt")
    torch.save(whole, folder / "pretrained_legacy.ckpt", _use_new_zipfile_serialization=False)

    weights = state(fine_tuned_shapes)
    tuned = {"epoch": 3, "state_dict": weights, "valid_acc": 0.625, "valid_loss": 1.0, "train_loss": 0.5,
             "train_acc": torch.tensor(0.875), "optimizer": optimizer_state(weights)}
    torch.save(tuned, folder / "fine_tuned.ckpt")
    torch.save(tuned, folder / "fine_tuned_legacy.ckpt", _use_new_zipfile_serialization=False)

    # As DataParallel names them, as a bare dictionary, in half precision; the pickle of the newest protocol.
    parallel = state(with_prefix("module.midibert.", small) + with_prefix("module.", sequence_head(3)), torch.float16)
    torch.save({"state_dict": parallel, "epoch": 1}, folder / "parallel_half.ckpt", pickle_protocol=4)
    torch.save(state(small, torch.bfloat16), folder / "bare_bfloat16_legacy.ckpt", _use_new_zipfile_serialization=False)
    torch.save(dict(state(small, torch.float64)), folder / "bare_double.ckpt")

    # One storage for all: every tensor a part of it. And weights that are transposed in their storage.
    values = state(small)
    flat = torch.cat([v.flatten().float() for n, v in values.items() if not n.endswith("position_ids")])
    at, shared = 0, collections.OrderedDict()
    for name, value in values.items():
        if name.endswith("position_ids"):
            continue
        shared[name] = flat[at : at + value.numel()].view(value.shape)
        at += value.numel()
    torch.save({"state_dict": shared}, folder / "shared.ckpt")
    transposed = collections.OrderedDict((n, v.t().contiguous().t() if v.dim() == 2 else v) for n, v in values.items())
    torch.save({"state_dict": transposed}, folder / "transposed.ckpt")
    torch.save({"state_dict": transposed}, folder / "transposed_legacy.ckpt", _use_new_zipfile_serialization=False)
    parameters = collections.OrderedDict((n, torch.nn.Parameter(v, requires_grad=v.is_floating_point())) for n, v in values.items())
    torch.save({"state_dict": parameters, "note": "with parameters, not plain tensors"}, folder / "parameters.ckpt")


main()
