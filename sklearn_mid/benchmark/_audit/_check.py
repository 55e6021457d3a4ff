"""The audit among the checks of a skore report."""

from typing import Any

from sklearn_mid.benchmark._audit._run import audit

__all__ = ["AuditCheck"]


class AuditCheck:
    """An audit as a check of a skore ``EstimatorReport``.

    It is an issue of the report if a leak is found; the report's training data are the
    members. skore is not needed to make one.

    Parameters
    ----------
    sensitive_features : str, int, or list
        The secrets, as for :func:`audit`.
    decimals : int, default=None
        Decimals to which the model's answers are rounded when they are given out.
    random_state : int, RandomState instance or None, default=None
        Seeds the halves and the attacks.

    See Also
    --------
    audit : What it runs.

    Examples
    --------
    >>> from sklearn_mid.benchmark import AuditCheck
    >>> check = AuditCheck("sex", random_state=0)
    >>> report.checks.add([check])  # doctest: +SKIP
    >>> report.checks.summarize()  # doctest: +SKIP
    """

    code = "MID001"
    title = "Secrets that the model gives away"
    # A list, not a tuple: skore looks at the type.
    report_types = ["estimator"]
    docs_url = None
    severity = "issue"
    slow = True

    def __init__(
        self,
        sensitive_features: Any,
        *,
        decimals: int | None = None,
        random_state: Any = None,
    ) -> None:
        self.sensitive_features = sensitive_features
        self.decimals = decimals
        self.random_state = random_state

    def check_function(self, report: Any) -> str | None:
        """Audit the model of a report.

        Parameters
        ----------
        report : EstimatorReport
            With its test data, and the training data if there are any.

        Returns
        -------
        summary : str or None
            Of the audit, if a leak is found.
        """
        no_members = report.X_train is None or report.y_train is None
        found = audit(
            report.estimator_,
            report.X_test,
            report.y_test,
            self.sensitive_features,
            members=None if no_members else (report.X_train, report.y_train),
            decimals=self.decimals,
            random_state=self.random_state,
        )
        return found.summary if found.verdict == "leak found" else None
