"""Reports that are written: a text, a page, JSON."""

import os
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

from sklearn_mid.benchmark._report._json import as_json
from sklearn_mid.benchmark._report._render import render
from sklearn_mid.utils._files import write_file

__all__ = ["WrittenReport"]


class WrittenReport(ABC):
    """A report of a verdict and a summary, in the forms that people want it."""

    verdict: Any
    summary: Any
    _template: Path

    @abstractmethod
    def _page(self) -> dict[str, Any]:
        """What the template speaks of."""

    @abstractmethod
    def _document(self) -> dict[str, Any]:
        """What a program reads."""

    def to_json(self, path: str | os.PathLike | None = None) -> str:
        """The report for a program.

        Parameters
        ----------
        path : path-like, default=None
            File to write; nothing is written by default.

        Returns
        -------
        text : str
            An object, see the notes. Numbers that are not there are null. No person's
            record is in it.
        """
        return as_json(self._document(), path)

    def to_html(self, path: str | os.PathLike | None = None) -> str:
        """The report as one page that asks nothing of the network.

        Parameters
        ----------
        path : path-like, default=None
            File to write; nothing is written by default.

        Returns
        -------
        page : str
        """
        page = render(self._template, needed_by="to_html", report=self, **self._page())
        if path is not None:
            write_file(path, page.encode())
        return page

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.verdict}>\n{self.summary}"
