"""Folds in which the people who resemble each other stand together.

A teacher that has seen a person's neighbour has nearly seen the person. So the known
columns are cut into many small clusters, and whole clusters are dealt into folds:
equal known columns always share a fold, and neighbours mostly do.
"""

import numpy as np
import pandas as pd
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components
from sklearn.cluster import MiniBatchKMeans
from sklearn.model_selection import check_cv

__all__ = ["deal_into_folds", "fold_of_each"]

_MOST_CLUSTERS = 200
_LEAST_CLUSTERS = 4  # per fold
# Records. Large clusters part fewer neighbours; many make a fold less one-sided.
_PER_CLUSTER = 40
_MOST_LEVELS = 30  # of a category that get a coordinate of their own


def fold_of_each(known, y, cv, *, groups, is_classifier, rng):
    """Number of the fold that each record is in.

    Parameters
    ----------
    known : DataFrame or ndarray of shape (n_samples, n_known)
        The known columns.
    y : ndarray of shape (n_samples,)
        Response, for splitters that look at it.
    cv : int, splitter or iterable of (train, test)
        An int deals micro-clusters into so many folds. What is a splitter's is used
        as it is; each record must be tested once.
    groups : array-like of shape (n_samples,) or None
        Person of each record.
    is_classifier : bool
        Whether y holds classes.
    rng : RandomState

    Returns
    -------
    ndarray of shape (n_samples,)
    """
    if isinstance(cv, int | np.integer):
        return deal_into_folds(known, cv, groups=groups, rng=rng)
    fold = np.full(len(y), -1)
    n_tested = np.zeros(len(y), dtype=np.intp)
    try:
        splitter = check_cv(cv, y, classifier=is_classifier)
        for k, (_, test) in enumerate(splitter.split(known, y, groups)):
            fold[test] = k
            n_tested[test] += 1
    except (TypeError, ValueError, IndexError) as error:
        raise ValueError(
            f"cv={cv!r} must split the records: an int, a splitter or pairs of train "
            f"and test positions; {error}"
        ) from error
    if (n_tested != 1).any():
        raise ValueError(
            f"cv={cv!r} must put each record into exactly one test fold; it puts "
            f"{int((n_tested == 0).sum())} of {len(y)} into none and "
            f"{int((n_tested > 1).sum())} into several. Use a KFold or a GroupKFold."
        )
    return fold


def deal_into_folds(known, n_folds, *, groups=None, rng):
    """Deal micro-clusters into folds of nearly equal size.

    Parameters
    ----------
    known : DataFrame or ndarray of shape (n_samples, n_known)
        Columns of any type.
    n_folds : int
        Number of folds; fewer if there are fewer clusters.
    groups : array-like of shape (n_samples,), default=None
        Records of one group stay together, and so, where enough units are left, do
        groups that share equal known columns.
    rng : RandomState
        Draws the clusters and the deal.

    Returns
    -------
    fold : ndarray of shape (n_samples,)

    Raises
    ------
    ValueError
        If there is one record or group only, so that no fold leaves any out.
    """
    points = _coordinates(known)
    rows = np.unique(points, axis=0, return_inverse=True)[1].ravel()
    # So many equals that nobody stands out go their own ways.
    most = max(len(rows) / (2 * n_folds), _PER_CLUSTER)
    is_crowd = np.bincount(rows)[rows] > (most if rows.any() else 0)
    unit = rows
    if groups is not None:
        group = pd.factorize(np.asarray(groups), use_na_sentinel=False)[0]
        if len(group) != len(points):
            raise ValueError(
                f"groups has {len(group)} entries, but there are {len(points)} records."
            )
        is_crowd[:] = False
        unit = _linked(group, rows)
        if len(np.unique(unit)) < _LEAST_CLUSTERS * n_folds:
            unit = group
    cluster = np.empty(len(points), dtype=np.intp)
    cluster[is_crowd] = -1 - np.arange(is_crowd.sum())
    cluster[~is_crowd] = _clusters(points[~is_crowd], unit[~is_crowd], n_folds, rng)
    cluster = np.unique(cluster, return_inverse=True)[1]
    if not cluster.any():
        raise ValueError(
            f"cv={n_folds!r} needs records to leave out, but all "
            f"(n_samples={len(points)}) belong to one person. Pass distill=False."
        )
    return _deal(cluster, n_folds, rng)


def _clusters(points, unit, n_folds, rng):
    """Micro-cluster of each record; those of one unit share it."""
    if not len(unit):
        return unit
    unit = np.unique(unit, return_inverse=True)[1]
    size = np.bincount(unit)
    n_clusters = min(
        max(len(points) // _PER_CLUSTER, _LEAST_CLUSTERS * n_folds), _MOST_CLUSTERS
    )
    if len(size) <= n_clusters:
        return unit
    centre = np.stack([np.bincount(unit, column) / size for column in points.T], axis=1)
    clusters = MiniBatchKMeans(n_clusters, n_init=1, batch_size=4096, random_state=rng)
    return clusters.fit_predict(centre, sample_weight=size)[unit]


def _deal(cluster, n_folds, rng):
    """Largest clusters first, each into the fold that is smallest so far."""
    size = np.bincount(cluster)
    shuffled = rng.permutation(len(size))
    order = shuffled[np.argsort(-size[shuffled], kind="stable")]
    filled = np.zeros(n_folds)
    fold = np.empty(len(size), dtype=np.intp)
    for c in order:
        fold[c] = filled.argmin()
        filled[fold[c]] += size[c]
    return np.unique(fold[cluster], return_inverse=True)[1]


def _linked(group, rows):
    """Units of groups that are linked by equal rows."""
    n_groups, n_rows = group.max() + 1, rows.max() + 1
    links = csr_array(
        (np.ones(len(group)), (group, n_groups + rows)),
        shape=(n_groups + n_rows, n_groups + n_rows),
    )
    component = connected_components(links, directed=False)[1][group]
    return np.unique(component, return_inverse=True)[1]


def _coordinates(known):
    """Numbers in units of their spread; a coordinate for each frequent category."""
    frame = pd.DataFrame(known).infer_objects()
    n = len(frame)
    blocks = [np.zeros((n, 1))]
    for j in range(frame.shape[1]):
        column = frame.iloc[:, j]
        if pd.api.types.is_numeric_dtype(column.dtype) and column.dtype.kind != "b":
            number = column.to_numpy(dtype=float, na_value=np.nan)
            number = np.where(np.isfinite(number), number, np.nan)
            is_missing = np.isnan(number)
            if is_missing.all():
                continue
            filled = np.where(is_missing, np.nanmedian(number), number)
            blocks.append((filled - filled.mean()) / (filled.std() or 1.0))
            if is_missing.any():
                blocks.append(is_missing)
            continue
        codes, levels = pd.factorize(column.astype(object), use_na_sentinel=False)
        counts = np.bincount(codes, minlength=len(levels))
        frequent = np.argsort(-counts, kind="stable")[:_MOST_LEVELS]
        # Two records of different categories are at distance 1.
        blocks.append((codes[:, None] == frequent) / np.sqrt(2))
        if len(levels) > _MOST_LEVELS:
            rest = np.zeros(len(levels))
            rest[np.argsort(-counts, kind="stable")[_MOST_LEVELS:]] = np.linspace(
                0.5, 1, len(levels) - _MOST_LEVELS
            )
            blocks.append(rest[codes])
    return np.column_stack(blocks).astype(float)
