#!/usr/bin/env python3
"""MidiBERT as it is run today: PyTorch with HuggingFace's BertModel. training_speed calls this.

usage: training_peers.py save SIZE FILE.ckpt                        weights that every implementation then loads
       training_peers.py check PEER SIZE FILE.ckpt passes           what it computes, as training_bench check prints it
       training_peers.py work PEER SIZE FILE.ckpt PRECISION BATCH   measures what is asked for, a line of JSON each
       training_peers.py roof SECONDS                               the rates of large matrix products
The environment names the threads (OMP_NUM_THREADS) and real rows (MOFI_BENCH_ROWS, the PREFIX of `mofi export`).

PEER is words joined by +:
eager      BertModel with relative_key_query, through inputs_embeds, as MIDI-BERT calls it; torch's fused AdamW
skewed     its attention multiplies queries and keys with the 1,023 offsets' vectors and reads the products askew,
           where HuggingFace's makes a tensor of words × words × head width a layer
compiled   by torch.compile
The allocator is tuned, or not, by the environment that this is started in.
"""
import ctypes
import json
import math
import os
import sys
import time

# The wheel of PyTorch is made for GPUs, too; what it would only need there may then be empty libraries.
sys.setdlopenflags(os.RTLD_LAZY)

import numpy
import torch
from torch import nn
from transformers.models.bert.configuration_bert import BertConfig
from transformers.models.bert.modeling_bert import BertModel

SIZES = {"mini": (4, 256, 4, 1024), "base": (12, 768, 12, 3072)}  # layers, hidden, heads, intermediate
IDS = [4, 18, 88, 66]  # of Bar, Position, Pitch and Duration; the last two of each are padding and mask
WIDTH, WORDS, CLASSES = 256, 512, 4
REAL_BATCHES = 4  # as in training_bench
PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16}


class Table(nn.Module):
    """Ids of a column to vectors."""

    def __init__(self, ids):
        super().__init__()
        self.lut = nn.Embedding(ids, WIDTH)

    def forward(self, ids):
        return self.lut(ids) * math.sqrt(WIDTH)


class MidiBert(nn.Module):
    def __init__(self, size, dropout):
        super().__init__()
        layers, hidden, heads, intermediate = SIZES[size]
        config = BertConfig(max_position_embeddings=WORDS, position_embedding_type="relative_key_query", hidden_size=hidden,
                            num_hidden_layers=layers, num_attention_heads=heads, intermediate_size=intermediate,
                            hidden_dropout_prob=dropout, attention_probs_dropout_prob=dropout)
        config._attn_implementation = "eager"
        self.bert = BertModel(config)
        self.word_emb = nn.ModuleList(Table(ids) for ids in IDS)
        self.in_linear = nn.Linear(WIDTH * len(IDS), hidden)

    def forward(self, words, mask):
        embedded = torch.cat([table(words[..., column]) for column, table in enumerate(self.word_emb)], dim=-1)
        return self.bert(inputs_embeds=self.in_linear(embedded), attention_mask=mask, output_hidden_states=True).hidden_states[-1]


class Pooling(nn.Module):
    """Structured self-attention over the words that are no padding."""

    def __init__(self, hidden, width=128, rows=4):
        super().__init__()
        self.ws1 = nn.Linear(hidden, width, bias=False)
        self.ws2 = nn.Linear(width, rows, bias=False)

    def forward(self, hidden, mask):
        scores = self.ws2(torch.tanh(self.ws1(hidden))).masked_fill(mask.unsqueeze(2) == 0, -math.inf)
        return torch.bmm(torch.softmax(scores, dim=1).transpose(1, 2).to(hidden.dtype), hidden).flatten(1)


class Classifier(nn.Module):
    def __init__(self, size, dropout=0.1):
        super().__init__()
        hidden = SIZES[size][1]
        self.midibert = MidiBert(size, dropout)
        self.attention = Pooling(hidden)
        self.classifier = nn.Sequential(nn.Linear(4 * hidden, 256), nn.ReLU(), nn.Linear(256, CLASSES))

    def forward(self, words, mask):
        return self.classifier(self.attention(self.midibert(words, mask), mask))


def askew(products, words, of_queries):
    """[…, words, 2 words - 1] products with the offsets' vectors → […, query, key], without a copy."""
    offsets = products.shape[-1]
    *leading, _, _ = products.stride()
    # An element's place in its head: row · (offsets - 1), plus the column, from the one of offset 0 of row 0.
    row, column = (offsets - 1, 1) if of_queries else (1, offsets - 1)
    return products.as_strided((*products.shape[:-1], words), (*leading, row, column), products.storage_offset() + words - 1)


def skewed_attention(self, hidden_states, attention_mask=None, **_):
    batch, words, _ = hidden_states.shape

    def heads_of(projected):
        return projected.view(batch, words, self.num_attention_heads, self.attention_head_size).transpose(1, 2)

    query, key, value = (heads_of(project(hidden_states)) for project in (self.query, self.key, self.value))
    # A query's products are read towards growing key, that is falling offset; a key's towards growing query.
    offsets = self.distance_embedding.weight
    scores = torch.matmul(query, key.transpose(-1, -2))
    scores = scores + askew(torch.matmul(query, offsets.flip(0).t()), words, True)
    scores = scores + askew(torch.matmul(key, offsets.t()), words, False)
    scores = scores / math.sqrt(self.attention_head_size)
    if attention_mask is not None:
        scores = scores + attention_mask
    probabilities = self.dropout(torch.softmax(scores, dim=-1))
    return torch.matmul(probabilities, value).transpose(1, 2).reshape(batch, words, -1), probabilities


def make_model(peer, size, weights, dropout=0.1):
    model = Classifier(size, dropout)
    model.load_state_dict(torch.load(weights, weights_only=True)["state_dict"])
    if "skewed" in peer:
        for layer in model.midibert.bert.encoder.layer:
            attention = layer.attention.self
            attention.forward = skewed_attention.__get__(attention)
    return model


def full_rows(batch):
    b, l, c = torch.meshgrid(torch.arange(batch), torch.arange(WORDS), torch.arange(len(IDS)), indexing="ij")
    words = (5 * b + 3 * l + 7 * c + l * l) % (torch.tensor(IDS) - 2)
    return words, torch.ones(batch, WORDS), torch.arange(batch) % CLASSES


def real_rows(prefix, batch):
    """The batches that training_bench takes, padded to the end, as MIDI-BERT does."""
    words, labels = (torch.from_numpy(numpy.load(prefix + end)) for end in (".npy", "_ans.npy"))
    mask = (words[..., 0] != IDS[0] - 2).float()
    order = torch.argsort(mask.sum(1), stable=True)
    taken = REAL_BATCHES * batch
    chosen = order[torch.tensor([(2 * i + 1) * len(order) // (2 * taken) for i in range(taken)])]
    return [(words[rows], mask[rows], labels[rows]) for rows in chosen.split(batch)]


def optimizer_of(model, rate):
    return torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=0.01, fused=True)


def loss_of(model, batch):
    words, mask, labels = batch
    return nn.functional.cross_entropy(model(words, mask).float(), labels)


def save(size, path):
    torch.manual_seed(1)
    model = Classifier(size)
    with torch.no_grad():
        # Of untrained weights attention is nearly uniform and weighs little, and a wrong one would hardly be seen.
        for layer in model.midibert.bert.encoder.layer:
            attention = layer.attention
            attention.self.distance_embedding.weight.normal_(0, 0.5)
            for linear in (attention.self.query, attention.self.key, attention.self.value, attention.output.dense):
                linear.weight.mul_(4)
    torch.save({"epoch": 1, "state_dict": model.state_dict()}, path)


def check(peer, size, weights, passes):
    found, prefix = {}, os.environ.get("MOFI_BENCH_ROWS")
    for kind in ("padded", "real") if prefix else ("padded",):
        batch = full_rows(2) if kind == "padded" else real_rows(prefix, 2)[0]
        model = make_model(peer, size, weights, dropout=0).eval()
        with torch.no_grad():
            entry = found[kind] = {"logits": model(*batch[:2]).flatten().tolist()}
        if passes == "forward":
            continue
        optimizer = optimizer_of(model.train(), 1e-4)
        for step in range(3):
            optimizer.zero_grad()
            loss = loss_of(model, batch)
            loss.backward()
            if step == 0:
                entry["loss"] = [loss.item()]
                entry["gradients"] = {name: parameter.grad.norm().item() for name, parameter in model.named_parameters()
                                      if parameter.grad is not None}
            optimizer.step()
        entry["loss_after"] = [loss.item()]
    print(json.dumps(found))


def peak_memory_gib():
    with open("/proc/self/status", encoding="utf-8") as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / (1 << 20)


def work(peer, size, weights, precision, batch_size):
    """Answers each line of standard input with one: {"pass": "training" or "forward", "seconds"} → {"wall_s": […], "cpu_s": […]}
    of its steps, {"pass": "logits"} → those of two rows; "ready", "give back" and "end" are passes, too."""
    batch_size, prefix = int(batch_size), os.environ.get("MOFI_BENCH_ROWS")
    model = make_model(peer, size, weights)
    optimizer = optimizer_of(model, 1e-5)
    autocast = torch.autocast("cpu", dtype=PRECISIONS[precision], enabled=precision != "float32")
    runs = torch.compile(model, dynamic=False) if "compiled" in peer else model
    # It does the same work for both kinds of rows, so its steps take them in turn.
    batches = [full_rows(batch_size)]
    for rows in real_rows(prefix, batch_size) if prefix else []:
        batches += [rows, batches[0]]

    def forward(batch):
        with torch.no_grad(), autocast:
            return runs(*batch[:2])

    def training(batch):
        optimizer.zero_grad()
        with autocast:
            loss = loss_of(runs, batch)
        loss.backward()
        optimizer.step()

    def measured(step, seconds):
        answer, started = {"wall_s": [], "cpu_s": []}, time.perf_counter()
        while not answer["wall_s"] or time.perf_counter() - started < seconds:
            wall, cpu = time.perf_counter(), time.process_time()
            step(batches[len(answer["wall_s"]) % len(batches)])
            answer["wall_s"].append(time.perf_counter() - wall)
            answer["cpu_s"].append(time.process_time() - cpu)
        return answer

    for line in sys.stdin:
        asked = json.loads(line)
        model.train(asked["pass"] == "training")
        if asked["pass"] == "end":
            print(json.dumps({"peak_gib": peak_memory_gib()}), flush=True)
            return
        if asked["pass"] == "ready":
            print(json.dumps({}), flush=True)
            continue
        if asked["pass"] == "give back":  # kept memory, which others need
            ctypes.CDLL(None).malloc_trim(0)
            answer = {}
        elif asked["pass"] == "logits":
            answer = {"logits": forward(batches[0])[:2].float().flatten().tolist()}
        elif asked.get("warms_up"):
            # One row will do for gradients and moments; what is compiled for a size, or kept for one, needs it all.
            training(tuple(rows[:1] for rows in batches[0]) if peer == "eager" else batches[0])
            answer = {}
        else:
            answer = measured(training if asked["pass"] == "training" else forward, asked["seconds"])
        with open("/proc/self/statm", encoding="utf-8") as pages:
            answer["held_gib"] = int(pages.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / (1 << 30)
        print(json.dumps(answer), flush=True)


def roof(seconds):
    rates = {}
    for name, dtype in PRECISIONS.items():
        for rows, inner, columns in ((2048, 2048, 2048), (4096, 768, 3072), (4096, 3072, 768)):
            a, b = torch.randn(rows, inner).to(dtype), torch.randn(columns, inner).to(dtype).t()
            torch.matmul(a, b)
            count, started = 0, time.perf_counter()
            while count == 0 or time.perf_counter() - started < float(seconds):
                torch.matmul(a, b)
                count += 1
            elapsed = time.perf_counter() - started
            rates[f"{name}/torch in Python/{rows}x{inner}x{columns}"] = 2 * rows * inner * columns * count / elapsed / 1e9
    print(json.dumps(rates))


torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
{"save": save, "check": check, "work": work, "roof": roof}[sys.argv[1]](*sys.argv[2:])
