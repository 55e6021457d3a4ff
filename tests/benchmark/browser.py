"""What a page looks like to a browser of a narrow telephone."""

import html
import json
import re
import shutil
import subprocess

import pytest

WIDTH, HEIGHT = 390, 800
# A browser's window is never that narrow; a frame is.
_FRAME = """<!DOCTYPE html><title></title>
<script>addEventListener("message", (m) => {{ document.title = m.data; }});</script>
<iframe width="{width}" height="{height}" style="border: 0" srcdoc="{page}"></iframe>"""
_PROBE = """<script>
addEventListener("load", () => {
  const box = (what) => document.querySelector(what).getBoundingClientRect();
  const figures = [...document.querySelectorAll(".sources td.figure")];
  parent.postMessage(JSON.stringify({
    width: innerWidth,
    scrolled: document.documentElement.scrollWidth,
    verdict: box(".verdict").bottom,
    figures: Math.max(...figures.map((f) => f.getBoundingClientRect().right)),
    asked: performance.getEntriesByType("resource").length,
  }), "*");
});
</script>"""


def assert_readable(page, folder):
    """Verdict and figures are seen without scrolling, and nothing is asked for."""
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("CHROMIUM MISSING: pages are not looked at")
    path = folder / "page.html"
    inner = html.escape(page.replace("</body>", f"{_PROBE}</body>"))
    path.write_text(_FRAME.format(width=WIDTH, height=HEIGHT, page=inner))
    options = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--virtual-time-budget=5000",
        f"--user-data-dir={folder / 'profile'}",
        "--enable-logging=stderr",
        "--dump-dom",
    ]
    done = subprocess.run(
        [chromium, *options, path.as_uri()],
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    assert "CONSOLE" not in done.stderr
    seen = json.loads(re.search("<title>(.*?)</title>", done.stdout).group(1))
    bar = 20  # that scrolls the frame
    assert WIDTH - bar <= seen["scrolled"] <= seen["width"] == WIDTH, seen
    assert seen["verdict"] < HEIGHT, seen
    assert seen["figures"] <= WIDTH, seen
    assert seen["asked"] == 0, seen
