#!/usr/bin/env python3
"""Writes tests/golden/midibert_numbers.h: what plain PyTorch makes of the small model of midibert.md 3.7, in float64.

usage: make_midibert_numbers.py [FILE]. Needs torch. Written from the specification alone, in the plainest form (the L x L x d
tensor of relative positions is written out), so that it shares no idea of how to be fast with the C++ that is held against it.

The model: hidden 24, heads 3, layers 2, intermediate 40, rows up to 16 words, embedding width 8, columns of 4, 18, 88, 66 ids,
pooling 6 wide in 4 rows, classifiers 256 wide, 4 classes of rows and 7 of words. Element i of a parameter is 0.3 sin(s + 0.7 i), s the byte sum of its
name mod 97; LayerNorm weights add 1. Input: rows b = 0, 1 of l = 0..9 words, id (5 b + 3 l + 7 t + l l) mod size of column t.
"""
import math
import pathlib
import sys

import torch

torch.set_default_dtype(torch.float64)
HIDDEN, HEADS, LAYERS, BETWEEN, POSITIONS, WIDTH = 24, 3, 2, 40, 16, 8
COLUMNS = [4, 18, 88, 66]
BATCH, LENGTH = 2, 10


def filled(name, shape):
    index = torch.arange(math.prod(shape), dtype=torch.float64)
    values = 0.3 * torch.sin(sum(name.encode()) % 97 + 0.7 * index) + (1 if "LayerNorm.weight" in name else 0)
    return values.reshape(shape).requires_grad_()


class Model:
    """Parameters by name, made when first asked for."""

    def __init__(self):
        self.parameters = {}

    def get(self, name, *shape):
        if name not in self.parameters:
            self.parameters[name] = filled(name, shape)
        return self.parameters[name]

    def linear(self, name, x, out):
        weight = self.get(name + ".weight", out, x.shape[-1])
        return x @ weight.T + self.get(name + ".bias", out)

    def layer_norm(self, name, x):
        mean = x.mean(-1, keepdim=True)
        variance = ((x - mean) ** 2).mean(-1, keepdim=True)
        return (x - mean) / torch.sqrt(variance + 1e-12) * self.get(name + ".weight", HIDDEN) + self.get(name + ".bias", HIDDEN)

    def in_linear(self, words):
        embedded = [self.get(f"midibert.word_emb.{t}.lut.weight", size, WIDTH)[words[..., t]] * math.sqrt(WIDTH)
                    for t, size in enumerate(COLUMNS)]
        return self.linear("midibert.in_linear", torch.cat(embedded, -1), HIDDEN)

    def attention(self, name, x, mask):
        def heads(part):
            return self.linear(f"{name}.self.{part}", x, HIDDEN).reshape(len(x), -1, HEADS, HIDDEN // HEADS).transpose(1, 2)

        q, k, v = heads("query"), heads("key"), heads("value")
        table = self.get(f"{name}.self.distance_embedding.weight", 2 * POSITIONS - 1, HIDDEN // HEADS)
        place = torch.arange(x.shape[1])
        e = table[place[:, None] - place[None, :] + POSITIONS - 1]  # query, key, width
        scores = q @ k.transpose(-1, -2) + torch.einsum("bhld,lrd->bhlr", q, e) + torch.einsum("bhrd,lrd->bhlr", k, e)
        scores = scores / math.sqrt(HIDDEN // HEADS) + (1 - mask)[:, None, None, :] * -10000.0
        exponents = torch.exp(scores - scores.max(-1, keepdim=True).values)
        mixed = (exponents / exponents.sum(-1, keepdim=True)) @ v
        return self.linear(f"{name}.output.dense", mixed.transpose(1, 2).reshape(x.shape), HIDDEN)

    def hidden_states(self, words, mask):
        bert = "midibert.bert."
        token_type = self.get(bert + "embeddings.token_type_embeddings.weight", 2, HIDDEN)[0]
        states = [self.layer_norm(bert + "embeddings.LayerNorm", self.in_linear(words) + token_type)]
        for i in range(LAYERS):
            layer, x = f"{bert}encoder.layer.{i}.", states[-1]
            a = self.layer_norm(layer + "attention.output.LayerNorm", self.attention(layer + "attention", x, mask) + x)
            between = self.linear(layer + "intermediate.dense", a, BETWEEN)
            between = between * 0.5 * (1 + torch.erf(between / math.sqrt(2)))
            states.append(self.layer_norm(layer + "output.LayerNorm", self.linear(layer + "output.dense", between, HIDDEN) + a))
        return states

    def sequence_logits(self, hidden, pooled_mask=None):
        scores = torch.tanh(hidden @ self.get("attention.ws1.weight", 6, HIDDEN).T) @ self.get("attention.ws2.weight", 4, 6).T
        if pooled_mask is not None:
            scores = torch.where(pooled_mask[:, :, None] > 0, scores, torch.tensor(-math.inf))
        pooled = torch.softmax(scores, 1).transpose(1, 2) @ hidden
        first = torch.clamp(self.linear("classifier.0", pooled.reshape(len(hidden), -1), 256), min=0)
        return self.linear("classifier.2", first, 4)

    def token_logits(self, hidden):
        return self.linear("classifier.3", torch.clamp(self.linear("classifier.1", hidden, 256), min=0), 7)

    def word_logits(self, hidden):
        return [self.linear(f"mask_lm.proj.{t}", hidden, size) for t, size in enumerate(COLUMNS)]


def cross_entropies(logits, targets):
    return torch.logsumexp(logits, -1) - logits.gather(-1, targets[..., None])[..., 0]


NUMBERS = []  # name, values


def note(name, values):
    NUMBERS.append((name, [float(v) for v in torch.as_tensor(values).detach().flatten()]))


def note_gradients(task, loss, model):
    loss.backward()
    for name, parameter in sorted(model.parameters.items()):
        assert parameter.grad is not None, name
        note(f"{task}: gradient of {name}", torch.stack([parameter.grad.sum(), parameter.grad.abs().sum()]))


def words_and_masks():
    words = torch.tensor([[[(5 * b + 3 * l + 7 * t + l * l) % size for t, size in enumerate(COLUMNS)] for l in range(LENGTH)]
                          for b in range(BATCH)])
    padded = torch.ones(BATCH, LENGTH)
    padded[1, 7:] = 0
    return words, torch.ones(BATCH, LENGTH), padded


def sequence_task():
    words, whole, padded = words_and_masks()
    model = Model()
    note("in_linear", model.in_linear(words)[1, 4, :4])
    for name, mask in (("whole", whole), ("padded", padded)):
        states = model.hidden_states(words, mask)
        for i, state in enumerate(states):
            note(f"{name}: hidden_states.{i}", state[1, 4, :4])
            note(f"{name}: sums of hidden_states.{i}", torch.stack([state.sum(), (state**2).sum()]))
        note(f"{name}: logits", model.sequence_logits(states[-1]))
        note(f"{name}: logits of layer 0", model.sequence_logits(states[0]))
    note("padded: logits, padding not pooled", model.sequence_logits(model.hidden_states(words, padded)[-1], padded))
    loss = cross_entropies(model.sequence_logits(model.hidden_states(words, whole)[-1]), torch.tensor([2, 0])).mean()
    note("sequence: loss", loss)
    note_gradients("sequence", loss, model)


def token_task():
    """As MIDI-BERT fine-tunes: words of label 0 are neither attended to nor counted."""
    words, _, _ = words_and_masks()
    labels = torch.tensor([[(2 * b + l) % 7 for l in range(LENGTH)] for b in range(BATCH)])
    mask = (labels != 0).to(torch.float64)
    model = Model()
    logits = model.token_logits(model.hidden_states(words, mask)[-1])
    note("token: logits", logits[1, 4])
    loss = (cross_entropies(logits, labels) * mask).sum() / mask.sum()
    note("token: loss", loss)
    note("token: words", mask.sum())
    note_gradients("token", loss, model)


def masked_lm_task():
    """Selected are the words whose number (10 b + l) is 1 mod 3; their targets are (id + 1 + t) mod size."""
    words, _, _ = words_and_masks()
    selected = torch.tensor([[(LENGTH * b + l) % 3 == 1 for l in range(LENGTH)] for b in range(BATCH)])
    sizes = torch.tensor(COLUMNS)
    targets = (words + 1 + torch.arange(4)) % sizes
    mask = (words[..., 0] != 2).to(torch.float64)
    model = Model()
    logits = model.word_logits(model.hidden_states(words, mask)[-1])
    losses = torch.stack([(cross_entropies(logits[t], targets[..., t]) * selected).sum() / selected.sum() for t in range(4)])
    note("masked LM: losses of columns", losses)
    note("masked LM: correct", torch.stack([((logits[t].argmax(-1) == targets[..., t]) & selected).sum() for t in range(4)]))
    loss = (losses * sizes).sum() / sizes.sum()
    note("masked LM: loss", loss)
    note_gradients("masked LM", loss, model)


def main():
    path = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent / "midibert_numbers.h")
    sequence_task()
    token_task()
    masked_lm_task()
    lines = [f"    {{\"{name}\", {{{', '.join(repr(v) for v in values)}}}}}," for name, values in NUMBERS]
    path.write_text("""#pragma once
// Written by make_midibert_numbers.py: what plain PyTorch makes of the small model of midibert.md 3.7, in
// float64. Of hidden states: row 1, word 4, the first four. Of gradients: sum and sum of absolute values.

#include <map>
#include <string>
#include <vector>

namespace mofi {

// clang-format off
inline const std::map<std::string, std::vector<double>> kMidiBertNumbers = {
""" + "\n".join(lines) + """
};
// clang-format on

}  // namespace mofi
""")


main()
