"""Fixtures shared by all tests."""

import os
from pathlib import Path

import pytest
from joblib.externals.loky import get_reusable_executor
from sklearn.linear_model import LogisticRegression


@pytest.fixture(scope="session")
def data_home():
    """Folder of real data files; tests that need one skip, loudly, without it."""
    folder = os.environ.get("SKLEARN_MID_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("REAL DATA MISSING: set SKLEARN_MID_DATA to the data folder")
    return Path(folder).resolve()


@pytest.fixture(scope="module", autouse=True)
def _workers_of_their_own():
    """Processes that one module's tests limited or killed are not the next one's."""
    yield
    get_reusable_executor(reuse=False, kill_workers=True).shutdown(kill_workers=True)


@pytest.fixture(scope="module")
def quick_attackers():
    """Audits whose attackers learn by one logistic regression, not the best of two."""
    judging = pytest.importorskip("sklearn_mid.benchmark._audit._secret")

    def quick(attacks):
        for attack in attacks.values():
            params = attack.get_params(deep=False)
            if "classifier" in params:
                attack.set_params(classifier=LogisticRegression())
            if params.get("prior") == "learned":
                attack.set_params(prior=LogisticRegression())
        return attacks

    guessers, attackers = judging.guessers, judging.attackers

    def quick_attackers(*args, **options):
        attacks, skipped = attackers(*args, **options)
        return quick(attacks), skipped

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(judging, "guessers", lambda *a: quick(guessers(*a)))
        patch.setattr(judging, "attackers", quick_attackers)
        yield
