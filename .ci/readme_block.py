"""Print one named code block of README.rst, so that CI runs what a newcomer runs.

Usage: python .ci/readme_block.py NAME
"""

import re
import sys
import textwrap
from pathlib import Path

name = sys.argv[1]
readme = (Path(__file__).parents[1] / "README.rst").read_text(encoding="utf-8")
block = re.search(
    rf"^\.\. code-block:: \w+\n   :name: {re.escape(name)}\n\n((?:   .*\n|\n)+)",
    readme,
    flags=re.MULTILINE,
)
if block is None:
    sys.exit(f"README.rst has no code block named {name!r}")
print(textwrap.dedent(block[1]).strip())
