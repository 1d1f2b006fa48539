"""Class covariances Sigma_k = A_k A_k^T of heterogeneous noise, and the numbers that Condition 1 takes from them.

Xu and Chen, "Rethinking Benign Overfitting in Two-Layer Neural Networks", arXiv:2502.11893, Sections 2, 3 and 5.
Every clause depends on the A_k through their Sigma_k alone: ||A_i^T A_j||_F^2 = <Sigma_i, Sigma_j>, ||A_i^T A_j||_op is
the largest singular value of Sigma_i^(1/2) Sigma_j^(1/2), Tr(A_i^T A_i) = Tr Sigma_i, and the singular values of A_i
are the square roots of Sigma_i's eigenvalues.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..arrays import Array
from ..errors import RangeError


@dataclass(frozen=True)
class ClassNumbers:
    """What the clauses need of K covariances.

    frobenius (K, K) = ||A_i^T A_j||_F; operator (K, K) = ||A_i^T A_j||_op; trace (K,) = Tr Sigma_i; rank (K,);
    largest and smallest (K,), the extreme nonzero singular values of A_i.  `operator` and `frobenius` are symmetric.
    """

    frobenius: Array
    operator: Array
    trace: Array
    rank: Array
    largest: Array
    smallest: Array


def class_numbers(sigma: Array) -> ClassNumbers:
    """The numbers of sigma (K, d, d), symmetric positive semidefinite and not 0; costs K eigenproblems of size d.

    Eigenvalues at most d machine epsilons times the largest count as 0.

    Raises:
        RangeError: a covariance is not symmetric, has a negative eigenvalue beyond rounding, or is 0.
    """
    if not np.allclose(sigma, np.swapaxes(sigma, -1, -2), rtol=1e-10, atol=1e-12 * float(np.max(np.abs(sigma)))):
        raise RangeError("sigma: a class covariance is not symmetric; give A_k A_k^T")
    factors: list[Array] = []
    for one in sigma:
        values, vectors = np.linalg.eigh(one)
        limit = len(values) * np.finfo(np.float64).eps * values[-1]
        if values[-1] <= 0 or values[0] < -100 * limit:
            raise RangeError(f"sigma: a class covariance has the eigenvalues {values[0]:.3g} to {values[-1]:.3g}; "
                             "expected none below 0 and one above")
        kept = values > limit
        factors.append(vectors[:, kept] * np.sqrt(values[kept]))
    # NOTE: eigh sorts upwards, so a factor's columns have the singular values of A_i as lengths, smallest first.
    lengths = [np.linalg.norm(factor, axis=0) for factor in factors]
    frobenius, operator = _pairs(factors)
    return ClassNumbers(
        frobenius=frobenius,
        operator=operator,
        trace=np.array([np.sum(length**2) for length in lengths]),
        rank=np.array([len(length) for length in lengths], dtype=np.float64),
        largest=np.array([length[-1] for length in lengths]),
        smallest=np.array([length[0] for length in lengths]),
    )


def _pairs(factors: list[Array]) -> tuple[Array, Array]:
    """Frobenius and spectral norms of A_i^T A_j for factors of Sigma_i, (K, K) each, every pair once."""
    frobenius, operator = (np.zeros((len(factors), len(factors))) for _ in range(2))
    for i, left in enumerate(factors):
        for j, right in enumerate(factors[: i + 1]):
            product = left.T @ right
            rounding = len(left) * np.finfo(np.float64).eps * np.linalg.norm(left) * np.linalg.norm(right)
            if (norm := np.linalg.norm(product)) > rounding:  # else the two have nothing in common
                frobenius[i, j] = frobenius[j, i] = norm
                # The square root of the largest eigenvalue: far cheaper than singular values.
                operator[i, j] = operator[j, i] = np.sqrt(np.linalg.eigvalsh(product @ product.T)[-1])
    return frobenius, operator


def spike(ratio: float, rank: float, bulk: float = 0.5) -> float:
    """lambda^2, the spike eigenvalue of Sigma_k for which ||A_k^T A_k||_F^2 is `ratio` >= 1 times ||A_k^T A_j||_F^2.

    The other rank - 1 eigenvalues are bulk^2 and the K spikes are orthonormal: the family of Section 5.  With classes
    of equal size the ratio is the noise correlation ratio Gamma.  Solves (D - 1) b^4 + x^2 = ratio ((D - 2) b^4 +
    2 b^2 x) for x = lambda^2 at D = rank, b = bulk; ratio = 1 is exactly x = b^2.

    Raises:
        RangeError: the ratio is below 1, which orthonormal spikes cannot give.
    """
    if not ratio >= 1:
        raise RangeError(f"Gamma: {ratio} is below 1, which orthonormal spikes on a common bulk cannot give")
    return float(bulk * bulk * (ratio + np.sqrt((ratio - 1) * (ratio + rank - 1))))


def spiked(classes: int, d: int, ratio: float, bulk: float = 0.5) -> Array:
    """Sigma (K, d, d) of Section 5's family, in the basis where u_k = |u_k| e_k and class k's spike is e_(K + k).

    Each Sigma_k is 0 on the K features, lambda^2 on its own spike and bulk^2 elsewhere; its rank is d - K.

    Raises:
        RangeError: d is below 2 K, so that K features and K spikes do not fit, or the ratio is below 1.
    """
    if d < 2 * classes:
        raise RangeError(f"d: {d} is below 2 K = {2 * classes}; K features and K orthonormal spikes need that many")
    sigma, own = np.zeros((classes, d, d)), spike(ratio, d - classes, bulk)
    bulk_at = np.arange(classes, d)
    sigma[:, bulk_at, bulk_at] = bulk**2
    spikes = np.arange(classes)
    sigma[spikes, classes + spikes, classes + spikes] = own
    return sigma


def quantities(numbers: ClassNumbers, sizes: Array, lengths: Array) -> dict[str, float]:
    """The derived quantities of Condition 1 and Theorem 1, by the names the paper's conditions give them.

    A pair with ||A_i^T A_j|| = 0 has no effective rank and is left out of F_to_op; F_balance is then 0 for K > 2.

    Args:
        numbers: of K >= 2 covariances.
        sizes: (K,), examples a class.
        lengths: (K,), ||u_k||.

    Raises:
        RangeError: there is one class, or sizes or lengths are not K positive numbers.
    """
    f, classes = numbers.frobenius, len(numbers.trace)
    if classes < 2:
        raise RangeError("sigma: one class covariance; expected at least 2")
    for name, values in (("sizes", sizes), ("lengths", lengths)):
        if values.shape != (classes,) or not np.all(values > 0):
            raise RangeError(f"{name}: {values.tolist()}; expected one positive number for each of {classes} classes")
    others = np.stack([np.max(np.delete(f, j, axis=1), axis=1) for j in range(classes)], axis=1)  # max_{k != j} F_ik
    met = f > 0
    # Per class k, the most that another class's noise weighs against its own signal and against its own noise.
    cross = np.max(np.where(np.eye(classes, dtype=bool), 0.0, sizes * f**2), axis=1)
    to_signal, to_own = cross / (sizes**2 * lengths**4), cross / (sizes * np.diag(f) ** 2)
    derived = {
        "trace_to_F": np.min(numbers.trace / np.max(f, axis=1)),
        "F_to_op": np.min(f[met] / numbers.operator[met]),
        "F_balance": np.min(f[others > 0] / others[others > 0]) if np.any(others > 0) else 1.0,
        "spread": np.max(numbers.largest / numbers.smallest),
        "smallest": np.min(numbers.smallest),
        "rank": np.min(numbers.rank),
        "trace": np.max(numbers.trace),
        "u_max": np.max(lengths),
        "reach": np.max(lengths + np.sqrt(1.5 * numbers.trace)),
        "phi": min(np.min(f), np.min(lengths) ** 2),
        "noise_to_signal_max": np.max(to_signal),
        "noise_to_signal_min": np.min(to_signal),
        "noise_to_own_max": np.max(to_own),
        "noise_to_own_min": np.min(to_own),
    }
    return {name: float(value) for name, value in derived.items()}
