"""The models of this folder's scripts, and what they share: text, windows, training, bits."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import nn

from lepton_course import load_dataset

LN2 = math.log(2)


def parts() -> tuple[str, dict[str, torch.Tensor]]:
    """Return the alphabet, and codes (T,) of each part: the first 80 %, the next 10 %, the last."""
    text = load_dataset("austen").content
    alphabet = "".join(sorted(set(text)))
    place = {character: i for i, character in enumerate(alphabet)}
    codes = torch.tensor([place[character] for character in text])
    first = len(codes) * 8 // 10
    second = len(codes) * 9 // 10
    named = {"train": codes[:first], "validation": codes[first:second], "test": codes[second:]}
    return alphabet, named


def rotate(x: torch.Tensor) -> torch.Tensor:
    """Rotate pairs of coordinates of x (N, H, T, D) by angles that grow with the position."""
    length = x.shape[2]
    half = x.shape[3] // 2
    speeds = 10_000 ** (-torch.arange(half) / half)
    angles = torch.arange(length)[:, None] * speeds  # (T, D / 2)
    first = x[..., :half]
    second = x[..., half:]
    cosine = angles.cos()
    sine = angles.sin()
    return torch.cat([first * cosine - second * sine, first * sine + second * cosine], dim=-1)


class SelfAttention(nn.Module):
    """Causal self-attention in several heads: (N, T, C) to (N, T, C)."""

    def __init__(self, width: int, heads: int, rotary: bool) -> None:
        super().__init__()
        self.heads = heads
        self.rotary = rotary
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.out = nn.Linear(width, width, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        n, t, c = x.shape
        split = self.qkv(x).view(n, t, 3, self.heads, c // self.heads)
        q, k, v = split.permute(2, 0, 3, 1, 4)  # each (N, heads, T, C / heads)
        if self.rotary:
            q = rotate(q)
            k = rotate(k)
        mixed = nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.out(mixed.transpose(1, 2).reshape(n, t, c))


class Block(nn.Module):
    """Attention, then a feed-forward network, each added to the residual stream (pre-norm)."""

    def __init__(self, width: int, heads: int, rotary: bool, dropout: float) -> None:
        super().__init__()
        self.norm_1 = nn.RMSNorm(width)
        self.attention = SelfAttention(width, heads, rotary)
        self.norm_2 = nn.RMSNorm(width)
        self.feed_forward = nn.Sequential(
            nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width)
        )
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x + self.dropout(self.attention(self.norm_1(x)))
        return x + self.dropout(self.feed_forward(self.norm_2(x)))


class GPT(nn.Module):
    """Codes (N, T) to logits (N, T, size). positions: "learned", "sinusoidal", "rotary", "none"."""

    def __init__(
        self,
        size: int,
        width: int,
        layers: int,
        heads: int,
        context: int,
        positions: str = "learned",
        dropout: float = 0.0,
        spread: float = 0.02,
    ) -> None:
        super().__init__()
        self.embed = nn.Embedding(size, width)
        self.places = nn.Embedding(context, width) if positions == "learned" else None
        self.sinusoidal = positions == "sinusoidal"
        rotary = positions == "rotary"
        self.blocks = nn.ModuleList(Block(width, heads, rotary, dropout) for _ in range(layers))
        self.norm = nn.RMSNorm(width)
        nn.init.normal_(self.embed.weight, std=spread)
        if self.places is not None:
            nn.init.normal_(self.places.weight, std=spread)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        h = self.embed(x)  # (N, T, C)
        if self.places is not None:
            h = h + self.places.weight[: x.shape[1]]
        if self.sinusoidal:
            h = h + 0.1 * sinusoids(x.shape[1], h.shape[2])  # smaller ones drown: the table grows
        for block in self.blocks:
            h = block(h)
        return self.norm(h) @ self.embed.weight.T


def sinusoids(length: int, width: int) -> torch.Tensor:
    """Return sines and cosines of slower and slower waves, (length, width)."""
    speeds = 10_000 ** (-torch.arange(0, width, 2) / width)
    angles = torch.arange(length)[:, None] * speeds
    return torch.cat([angles.sin(), angles.cos()], dim=1)


class LSTM(nn.Module):
    """Codes (N, T) and a state to logits (N, T, size) and the next state."""

    def __init__(self, size: int, width: int, hidden: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.embed = nn.Embedding(size, width)
        self.dropout = nn.Dropout(dropout)
        self.lstm = nn.LSTM(width, hidden, batch_first=True)
        self.output = nn.Linear(hidden, size)

    def forward(self, x, state=None):
        states, state = self.lstm(self.dropout(self.embed(x)), state)
        return self.output(self.dropout(states)), state


def windows(codes: torch.Tensor, context: int, count: int, draw: torch.Generator) -> torch.Tensor:
    """Return `count` random windows of context + 1 characters, (count, context + 1)."""
    start = torch.randint(len(codes) - context, (count, 1), generator=draw)
    return codes[start + torch.arange(context + 1)]


def learning_rate(step: int, steps: int, peak: float, warm_up: int = 50) -> float:
    """Return the rate of a step: a linear warm-up, then half a cosine down to a twentieth."""
    if step < warm_up:
        return peak * (step + 1) / warm_up
    progress = (step - warm_up) / max(1, steps - warm_up)
    return peak * (0.05 + 0.95 * (1 + math.cos(math.pi * progress)) / 2)


def optimizer_of(model: nn.Module) -> torch.optim.AdamW:
    """Return AdamW; only matrices of layers decay, and not embeddings, norms and biases."""
    decayed = [p for n, p in model.named_parameters() if p.ndim == 2 and "embed" not in n]
    others = [p for n, p in model.named_parameters() if p.ndim != 2 or "embed" in n]
    groups = [{"params": decayed, "weight_decay": 0.1}, {"params": others, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, betas=(0.9, 0.98))


def update(model, optimizer, loss, rate: float) -> None:
    """Make one step with clipped gradients."""
    for settings in optimizer.param_groups:
        settings["lr"] = rate
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()


@torch.no_grad()
def bits_of_gpt(model, codes: torch.Tensor, context: int) -> torch.Tensor:
    """Return bits of each character but the first, (T - 1,), half a window of history at least."""
    model.eval()
    half = context // 2
    found = []
    starts = list(range(0, len(codes) - 1, half))
    for first in range(0, len(starts), 64):
        for start in starts[first : first + 64]:
            begin = max(0, start - half)
            piece = codes[begin : start + half + 1][None]
            logits = model(piece[:, :-1])[0, start - begin :]
            loss = nn.functional.cross_entropy(
                logits, piece[0, start - begin + 1 :], reduction="none"
            )
            found.append(loss / LN2)
    model.train()
    return torch.cat(found)


@torch.no_grad()
def bits_of_lstm(model, codes: torch.Tensor, steps: int = 1024) -> torch.Tensor:
    """Return bits of each character but the first, (T - 1,), the state handed on all the way."""
    model.eval()
    state = None
    found = []
    for start in range(0, len(codes) - 1, steps):
        piece = codes[start : start + steps + 1][None]
        logits, state = model(piece[:, :-1], state)
        loss = nn.functional.cross_entropy(logits[0], piece[0, 1:], reduction="none")
        found.append(loss / LN2)
    model.train()
    return torch.cat(found)


def by_passage(bits: torch.Tensor, length: int = 500) -> list[float]:
    """Return the mean of each full passage of `length` characters."""
    count = len(bits) // length
    return [round(b, 4) for b in bits[: count * length].view(count, length).mean(dim=1).tolist()]


def train_gpt(
    model: nn.Module,
    codes: torch.Tensor,
    *,
    context: int,
    batch: int,
    steps: int,
    peak: float,
    seed: int,
    watch: Callable[[int, float], None] | None = None,
) -> None:
    """Train on random windows; watch(step, loss in bits) is called after each step."""
    draw = torch.Generator().manual_seed(seed)
    optimizer = optimizer_of(model)
    model.train()
    for step in range(steps):
        piece = windows(codes, context, batch, draw)
        logits = model(piece[:, :-1])
        loss = nn.functional.cross_entropy(logits.flatten(0, 1), piece[:, 1:].flatten())
        update(model, optimizer, loss, learning_rate(step, steps, peak))
        if watch is not None:
            watch(step + 1, loss.item() / LN2)
