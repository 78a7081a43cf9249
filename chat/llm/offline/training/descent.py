"""Learns a linear classifier: logistic regression over several kinds, by AdaGrad.

Each feature has steps of its own length, which shrink as it is met: so a word that stands in three
phrases is learnt as well as one that stands in thousands. That does as well on unseen sentences as
the exact optimum of a regularised regression, and takes seconds where the other takes minutes.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

FloatArray = NDArray[np.float64]

ROUNDS = 5
TOGETHER = 256  # rows of a step
STEP = 0.3
SEED = 20


def fit(rows: csr_array, wanted: FloatArray, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Weights for each feature and kind, and a bias for each kind.

    ``wanted`` tells how likely each kind is for each row, ``weights`` how much the row counts.
    """
    chance = np.random.default_rng(SEED)
    learnt = np.zeros((rows.shape[1], wanted.shape[1]))
    met = np.full_like(learnt, 1e-8)
    bias, bias_met = np.zeros(wanted.shape[1]), np.full(wanted.shape[1], 1e-8)
    for done in range(ROUNDS):
        step = STEP * (1 - done / ROUNDS)
        order = chance.permutation(rows.shape[0])
        for at in range(0, len(order), TOGETHER):
            some = order[at : at + TOGETHER]
            batch = rows[some]
            touched, columns = np.unique(batch.indices, return_inverse=True)
            small = csr_array((batch.data, columns, batch.indptr), shape=(len(some), len(touched)))
            wrong = _likely(small @ learnt[touched] + bias) - wanted[some]
            wrong *= weights[some, None]
            slope = small.T @ wrong
            met[touched] += slope**2
            learnt[touched] -= step * slope / np.sqrt(met[touched])
            bias_met += wrong.sum(axis=0) ** 2
            bias -= step * wrong.sum(axis=0) / np.sqrt(bias_met)
    return learnt, bias


def _likely(logits: FloatArray) -> FloatArray:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))
