"""Wrong answers to advanced/01_transformers as people write them, and the mistake each is told."""

from __future__ import annotations

import pytest
from conftest import CLONE
from written_answers import verdict

MODULE = CLONE / "curriculum" / "advanced" / "01_transformers"

TOLD = {
    "attention, blocked by a large negative number": (
        "blind queries look everywhere",
        """
        def attention(queries, keys, values, allowed=None):
            scores = queries @ keys.swapaxes(-1, -2) / queries.shape[-1] ** 0.5
            if allowed is not None:
                scores = np.where(allowed, scores, -1e9)
            e = np.exp(scores - scores.max(axis=-1, keepdims=True))
            weights = e / e.sum(axis=-1, keepdims=True)
            return weights @ values, weights
        """,
    ),
    "attention, by PyTorch's softmax": (
        "blind queries are nan",
        """
        def attention(queries, keys, values, allowed=None):
            q, k, v = (torch.from_numpy(a) for a in (queries, keys, values))
            s = torch.einsum("...td,...sd->...ts", q, k) * q.shape[-1] ** -0.5
            if allowed is not None:
                s = s.masked_fill(~torch.from_numpy(allowed), -torch.inf)
            w = torch.softmax(s, dim=-1)
            return torch.matmul(w, v).numpy(), w.numpy()
        """,
    ),
    "causal_mask, repaired in the triangle only": (
        "only the triangle repaired",
        """
        def causal_mask(tokens, lengths):
            inputs = tokens[:, :-1].copy()
            T = inputs.shape[1]
            allowed = np.tril(np.ones((len(tokens), T, T), dtype=bool))
            return inputs, tokens[:, 1:].copy(), allowed
        """,
    ),
    "causal_mask, with the padding of inputs as targets' padding": (
        "one padding is a target",
        """
        def causal_mask(tokens, lengths):
            T = tokens.shape[1] - 1
            is_real = np.arange(T)[None] < lengths[:, None]
            inputs = np.where(is_real, tokens[:, :-1], 0)
            targets = np.where(is_real, tokens[:, 1:], -100)
            return inputs, targets, np.tri(T, dtype=bool)[None] & is_real[:, None, :]
        """,
    ),
    "rope, as in the lesson": (
        "halves are paired",
        """
        def rope(x, positions, base=10000.0):
            D = x.shape[-1]
            angles = np.outer(positions, base ** (-2 * np.arange(D // 2) / D))
            cos = np.tile(np.cos(angles), 2)
            sin = np.tile(np.sin(angles), 2)
            turned = np.concatenate([-x[..., D // 2 :], x[..., : D // 2]], axis=-1)
            return x * cos + turned * sin
        """,
    ),
    "rope, without looking at positions": (
        "places for positions",
        """
        def rope(x, positions, base=10000.0):
            T, D = x.shape[-2:]
            z = x.astype(float).reshape(*x.shape[:-1], D // 2, 2) @ np.array([1, 1j])
            z = z * np.exp(1j * np.arange(T)[:, None] / base ** (np.arange(0, D, 2) / D))
            return np.stack([z.real, z.imag], axis=-1).reshape(x.shape)
        """,
    ),
    "merge_pairs, with Counter.most_common": (
        "first of equals",
        """
        from collections import Counter

        def merge(parts, pair):
            out, i = [], 0
            while i < len(parts):
                if i + 1 < len(parts) and (parts[i], parts[i + 1]) == pair:
                    out.append(parts[i] + parts[i + 1])
                    i += 2
                else:
                    out.append(parts[i])
                    i += 1
            return out

        def merge_pairs(counts, number, texts):
            words = {w: list(w) for w in counts}
            merges = []
            for _ in range(number):
                pairs = Counter()
                for w, parts in words.items():
                    for pair in zip(parts, parts[1:]):
                        pairs[pair] += counts[w]
                if not pairs:
                    break
                merges.append(pairs.most_common(1)[0][0])
                words = {w: merge(parts, merges[-1]) for w, parts in words.items()}
            encoded = [list(t) for t in texts]
            for pair in merges:
                encoded = [merge(parts, pair) for parts in encoded]
            return merges, encoded
        """,
    ),
    "top_p, without the token that crosses": (
        "nothing left",
        """
        def top_p(logits, p, temperature=1.0):
            if temperature == 0:
                return np.eye(logits.shape[-1])[logits.argmax(-1)]
            q = np.exp((logits - logits.max(-1, keepdims=True)) / temperature)
            q = q / q.sum(-1, keepdims=True)
            order = np.argsort(-q, axis=-1, kind="stable")
            total = np.take_along_axis(q, order, -1).cumsum(-1)
            back = np.argsort(order, axis=-1, kind="stable")
            q = np.where(np.take_along_axis(total, back, -1) <= p, q, 0)
            return q / q.sum(-1, keepdims=True)
        """,
    ),
    "top_p, with the temperature where it does not belong": (
        "multiplied by the temperature",
        """
        def top_p(logits, p, temperature=1.0):
            if temperature == 0:
                return np.eye(logits.shape[-1])[logits.argmax(-1)]
            z = (logits - logits.max(-1, keepdims=True)) * temperature
            q = np.exp(z) / np.exp(z).sum(-1, keepdims=True)
            order = np.argsort(-q, axis=-1, kind="stable")
            ranked = np.take_along_axis(q, order, -1)
            ranked[ranked.cumsum(-1) - ranked >= p] = 0
            np.put_along_axis(q, order, ranked, -1)
            return q / q.sum(-1, keepdims=True)
        """,
    ),
    "cached_step, whose mask forgets the cache": (
        "cache hidden",
        """
        def cached_step(x, keys, values, w_q, w_k, w_v, w_o):
            N, G, S, D = keys.shape
            T = x.shape[1]
            split = lambda a: a.reshape(N, T, -1, D).transpose(0, 2, 1, 3)
            q = split(x @ w_q.T)
            k = np.concatenate([keys, split(x @ w_k.T)], axis=2)
            v = np.concatenate([values, split(x @ w_v.T)], axis=2)
            n = q.shape[1] // G
            s = q @ np.repeat(k, n, 1).transpose(0, 1, 3, 2) / np.sqrt(D)
            s = np.where(np.tril(np.ones((T, S + T))) == 1, s, -np.inf)
            e = np.exp(s - s.max(-1, keepdims=True))
            y = e / e.sum(-1, keepdims=True) @ np.repeat(v, n, 1)
            return y.transpose(0, 2, 1, 3).reshape(N, T, -1) @ w_o.T, k, v
        """,
    ),
    "cached_step, joined as it lies": (
        "joined without swapping",
        """
        def cached_step(x, keys, values, w_q, w_k, w_v, w_o):
            N, G, S, D = keys.shape
            T = x.shape[1]
            split = lambda a: torch.tensor(a.reshape(N, T, -1, D)).transpose(1, 2)
            k = torch.cat([torch.tensor(keys), split(x @ w_k.T)], dim=2)
            v = torch.cat([torch.tensor(values), split(x @ w_v.T)], dim=2)
            seen = torch.ones(T, S + T).tril(S).bool()
            y = torch.nn.functional.scaled_dot_product_attention(
                split(x @ w_q.T), k, v, attn_mask=seen, enable_gqa=True
            )
            return (y.reshape(N, T, -1) @ torch.tensor(w_o.T)).numpy(), k.numpy(), v.numpy()
        """,
    ),
    "attention, blocked by adding a number that is not low enough": (
        "blocked scores not low enough",
        """
        def attention(queries, keys, values, allowed=None):
            s = np.einsum("...td,...sd->...ts", queries, keys) / queries.shape[-1] ** 0.5
            may = np.broadcast_to(True if allowed is None else allowed, s.shape)
            s = s + np.where(may, 0.0, -10_000.0)
            e = np.exp(s - s.max(axis=-1, keepdims=True))
            w = e / e.sum(axis=-1, keepdims=True) * may.any(axis=-1)[..., None]
            return w @ values, w
        """,
    ),
    "causal_mask, with zeros taken for padding": (
        "zeros are no targets",
        """
        def causal_mask(tokens, lengths):
            T = tokens.shape[1] - 1
            real = np.arange(T + 1) < lengths[:, None]
            filled = tokens * real
            targets = filled[:, 1:].copy()
            targets[targets == 0] = -100
            return filled[:, :-1], targets, np.tri(T, dtype=bool) & real[:, None, :T]
        """,
    ),
    "rope, with the angles of halves": (
        "angles laid behind each other",
        """
        def rope(x, positions, base=10000.0):
            D = x.shape[-1]
            angles = np.outer(positions, base ** (-2 * np.arange(D // 2) / D))
            angles = np.concatenate([angles, angles], axis=-1)
            turned = np.empty(x.shape)
            turned[..., ::2] = -x[..., 1::2]
            turned[..., 1::2] = x[..., ::2]
            return x * np.cos(angles) + turned * np.sin(angles)
        """,
    ),
    "top_p, by each probability alone": (
        "own probability",
        """
        def top_p(logits, p, temperature=1.0):
            best = np.eye(logits.shape[-1])[logits.argmax(-1)]
            if temperature == 0:
                return best
            q = np.exp((logits - logits.max(-1, keepdims=True)) / temperature)
            q = q / q.sum(-1, keepdims=True)
            q = np.where((q >= p) | (best == 1), q, 0)
            return q / q.sum(-1, keepdims=True)
        """,
    ),
    "cached_step, split as it lies": (
        "split without swapping",
        """
        def cached_step(x, keys, values, w_q, w_k, w_v, w_o):
            N, G, S, D = keys.shape
            T = x.shape[1]
            H = len(w_q) // D
            q = (x @ w_q.T).reshape(N, H, T, D)
            k = np.concatenate([keys, (x @ w_k.T).reshape(N, G, T, D)], axis=2)
            v = np.concatenate([values, (x @ w_v.T).reshape(N, G, T, D)], axis=2)
            s = q @ np.repeat(k, H // G, axis=1).swapaxes(2, 3) / D**0.5
            s = np.where(np.tri(T, S + T, k=S), s, -np.inf)
            e = np.exp(s - s.max(-1, keepdims=True))
            y = e / e.sum(-1, keepdims=True) @ np.repeat(v, H // G, axis=1)
            return y.transpose(0, 2, 1, 3).reshape(N, T, H * D) @ w_o.T, k, v
        """,
    ),
}


@pytest.mark.parametrize(("answer", "told"), TOLD.items(), ids=list(TOLD))
def test_a_wrong_answer_is_told_its_mistake(answer, told):
    mistake, code = told
    found = verdict(MODULE, answer, code)
    assert not found.passed
    assert mistake in (found.likely, *found.possible)
