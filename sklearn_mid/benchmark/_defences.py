"""Defences of the suites, by name. A problem's `family` says what is defended."""


__all__ = ["DEFENCES"]


def _attributes(problem, sensitive):
    """What a MID model protects: None for the whole input, or a list of attributes."""
    if sensitive == "none":
        return None
    if sensitive == "secret":
        return [problem.sensitive_feature]
    if sensitive == "all":
        return [problem.sensitive_feature, *problem.other_sensitive]
    raise ValueError(
        f"sensitive={sensitive!r} is not allowed; choose 'none' (the whole input is "
        "protected), 'secret' or 'all'."
    )


def mid(problem, *, random_state, reg_lambda=0.0, sensitive="none", release=None,
        max_depth=None, min_samples_leaf=1):  # fmt: skip
    """Mutual information regularisation of the problem's family."""
    protected = _attributes(problem, sensitive)
    if problem.family == "linear":
        from sklearn_mid.linear_model import MIDLinearRegression

        return MIDLinearRegression(reg_lambda=reg_lambda, sensitive_features=protected)
    from sklearn_mid.tree import MIDDecisionTreeClassifier

    return MIDDecisionTreeClassifier(
        reg_lambda=reg_lambda,
        sensitive_features=protected,
        release=release or "scores",
        max_depth=max_depth,
        min_samples_leaf=min_samples_leaf,
    )


def undefended(problem, *, random_state):
    """The family's model without any defence."""
    if problem.family == "linear":
        from sklearn.linear_model import LinearRegression

        return LinearRegression()
    return mid(problem, random_state=random_state)


def omit(problem, *, random_state):
    """The undefended model without the secret column."""
    from sklearn_mid.defenses import OmitFeature

    return OmitFeature(
        undefended(problem, random_state=random_state), problem.sensitive_feature
    )


DEFENCES = {
    "undefended": undefended,
    "omit": omit,
    "mid": mid,
}
