"""The directive ``attacks-table``: what attacks declare, read from their classes."""

import inspect

from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective

from sklearn_mid import attacks

_HEAD = ("Attack", "has", "is told", "knows", "needs", "baseline")
_KNOWLEDGE = {
    # What a parameter changes; the class says the rest by itself.
    "MAPAttack": "marginals or labelled records",
    "LearnedAttack": "labelled records or members",
}


def declared():
    """Name and unfitted instance of every attack that has a target."""
    for name in sorted(attacks.__all__):
        kind = getattr(attacks, name)
        if not inspect.isclass(kind) or not name.endswith("Attack"):
            continue
        if any(
            c is not kind and issubclass(c, kind)
            for c in vars(attacks).values()
            if inspect.isclass(c)
        ):
            continue  # a base class
        given = {"estimator": None}
        if "sensitive_feature" in inspect.signature(kind).parameters:
            given["sensitive_feature"] = 0
        yield name, kind(**given)


def needs(attack):
    methods = [
        " or ".join(f"``{m}``" for m in ([one] if isinstance(one, str) else one))
        for one in attack.needs
    ]
    return ", ".join([*methods, *([attack.inside] if attack.inside else [])])


def rows():
    for name, attack in declared():
        yield (
            f":class:`~sklearn_mid.attacks.{name}`",
            attack.access,
            attack.sees,
            _KNOWLEDGE.get(name, attack.knowledge),
            needs(attack),
            f":class:`~sklearn_mid.attacks.{type(attack.baseline()).__name__}`",
        )


class AttacksTable(SphinxDirective):
    def run(self):
        lines = [".. list-table::", "   :header-rows: 1", "   :class: small", ""]
        for row in (_HEAD, *rows()):
            lines += [
                f"   {'*' if i == 0 else ' '} - {cell}" for i, cell in enumerate(row)
            ]
        return self.parse_text_to_nodes(StringList(lines, source="attacks"))


def setup(app):
    app.add_directive("attacks-table", AttacksTable)
    return {"parallel_read_safe": True}
