"""Eyes on a page in Chromium: what every page must keep, in every state.

Sources: WCAG 2.2 AA and the best practices of axe-core; targets of 24
pixels (2.5.8), of 48 for what a page is there for (web.dev); text of 16
pixels in fields, below which phones zoom in.
"""

import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import Any, Literal, TypeAlias

from playwright.sync_api import Page

from house import DEVICES, FEEDBACK
from vestibule.ground.devices import BROWSERS, SYSTEMS

Theme: TypeAlias = Literal["light", "dark"]
THEMES: tuple[Theme, ...] = ("light", "dark")
WIDTHS = (1280, 360)
NARROWEST = 320
HEIGHT = 800
TAGS = [
    "wcag2a",
    "wcag2aa",
    "wcag21a",
    "wcag21aa",
    "wcag22a",
    "wcag22aa",
    "best-practice",
]
# All that another theme can change.
COLOURS = ["color-contrast", "link-in-text-block"]
# What stays in Latin letters on a Russian page.
LATIN = (
    r"\S+@\S+|https?://\S+|[0-9a-f-]{36}|\b(Vestibule|JPG|PNG|SVG|API|JSON|"
    r"OpenAPI|HTML|UTC|id|zip|Werkzeug|anna|boris|clara|dmitri|elena|irina|"
    r"olga|pavel|QR|JavaScript|tess|guest\d+|new|ru|en|cookie|bearer|true|IP|"
    # What a passkey is called when nothing more is known of it.
    r"Passkey)\b"
)

# Nor is translated what people write.
WRITTEN = [text for both in FEEDBACK for text in both]
# Nor what devices say of themselves, and what browsers and systems are called.
WRITTEN += [agent for agent, _ in DEVICES if agent]
WRITTEN += [*BROWSERS.values(), *SYSTEMS.values()]


@cache
def axe() -> str:
    """Read axe-core."""
    return (files("axe_playwright_python") / "axe.min.js").read_text("utf-8")


def survey(page: Page, language: str, is_wrong: bool) -> Iterator[str]:
    """Tell what is wrong with a page in whatever theme and width."""
    found: dict[str, Any] = page.evaluate(SURVEY)
    for name in ("unlabelled", "ordered by hand", "small text"):
        yield from (f"{name}: {one}" for one in found[name])
    if found["lang"] != language:
        yield f"the page says it is in {found['lang']!r}"
    if len(found["h1"]) != 1:
        yield f"h1: {found['h1']}"
    error = {"en": "Error: ", "ru": "Ошибка: "}[language]
    pattern = (error if is_wrong else f"(?!{error})") + ".+ — Vestibule"
    if not re.fullmatch(pattern, page.title()):
        yield f"title: {page.title()!r}"
    if language == "ru":
        words = found["words"]
        for written in WRITTEN:
            words = words.replace(written, "")
        words = re.sub(LATIN, "", words)
        yield from (
            f"English: {one}" for one in re.findall("[A-Za-z]+", words)
        )


def sizes(page: Page) -> Iterator[str]:
    """Tell what does not fit, or can hardly be hit."""
    found: dict[str, Any] = page.evaluate(SIZES)
    for name, places in found.items():
        yield from (f"{name}: {place}" for place in places)


def violations(page: Page, rules: list[str] | None = None) -> Iterator[str]:
    """Ask axe about a page: about everything, or about some rules only."""
    only = (
        {"type": "rule", "values": rules}
        if rules
        else {"type": "tag", "values": TAGS}
    )
    for kind, rule, place, why in page.evaluate(AXE, only):
        yield f"axe {kind} {rule}: {place} {why}"


def walk(page: Page) -> Iterator[str]:
    """Tell where the Tab key leads astray, or to a place not to be seen."""
    count = page.evaluate(LISTEN)
    for _ in range(count):
        page.keyboard.press("Tab")
    stops = page.evaluate("() => window.stops")
    if count != len(stops):
        yield f"Tab stops {len(stops)} times at {count} places"
    for stop in stops:
        if not stop["ring"]:
            yield f"nobody sees the focus on {stop['what']}"
    for one, two in pairwise(stops):
        if one["region"] == two["region"] and _goes_back(one, two):
            yield f"Tab goes back, from {one['what']} to {two['what']}"


def _goes_back(one: dict[str, float], two: dict[str, float]) -> bool:
    """Tell whether the second place is to be read before the first."""
    if two["bottom"] <= one["top"]:
        return two["left"] < one["right"]
    is_beside = two["top"] < one["bottom"]
    return is_beside and two["right"] <= one["left"]


# Of colours, what axe cannot judge is told as well. It takes the parts of
# the drawing that are cut off for lying over the text beside it, and so
# looks again without the drawing.
AXE = """async only => {
  const look = only => axe.run(document, {
    runOnly: only, resultTypes: ['violations', 'incomplete'],
    preload: false, iframes: false});
  const told = (kind, rules) => rules.flatMap(rule => rule.nodes.map(node =>
    [kind, rule.id, node.html.slice(0, 160),
     [...node.any, ...node.all, ...node.none].map(c => c.message).join(' ')]));
  const doubts = ({ incomplete }) => incomplete.filter(
    rule => rule.id === 'color-contrast');
  const found = await look(only);
  const drawing = document.querySelector('.side');
  let doubted = doubts(found);
  if (doubted.length && drawing) {
    drawing.style.visibility = 'hidden';
    const again = await look({ type: 'rule', values: ['color-contrast'] });
    drawing.style.visibility = '';
    doubted = [...again.violations, ...doubts(again)];
  }
  return [...told('violation', found.violations), ...told('doubt', doubted)];
}"""
SURVEY = """() => {
  const all = wanted => [...document.querySelectorAll(wanted)];
  const name = place => place.outerHTML.slice(0, 120);
  const fields = all(
    'input:not([type=hidden], [aria-hidden]), textarea, select');
  const isSaid = node => {
    const at = node.parentElement;
    return at.checkVisibility() && !at.closest(
      'code, pre, script, textarea, .letter, .members dt, ' +
      '[lang]:not(html, [lang=ru])');
  };
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const words = all('[aria-label], [alt], [title], [placeholder]').flatMap(
    place => ['aria-label', 'alt', 'title', 'placeholder'].map(
      key => place.getAttribute(key) || ''));
  while (texts.nextNode())
    if (isSaid(texts.currentNode)) words.push(texts.currentNode.textContent);
  return {
    'lang': document.documentElement.lang,
    'h1': all('h1').map(name),
    'unlabelled': fields.filter(field => !field.labels.length).map(name),
    'ordered by hand': all('[tabindex]').filter(
      place => place.tabIndex > 0).map(name),
    'small text': fields.filter(field =>
      !field.matches('[type=file], [type=checkbox]') &&
      parseFloat(getComputedStyle(field).fontSize) < 16).map(name),
    'words': words.join(' '),
  };
}"""
SIZES = """() => {
  const name = place => place.outerHTML.slice(0, 120);
  const seen = [...document.querySelectorAll(
    'a, button, input, select, textarea, summary')].filter(
    place => place.checkVisibility() && !place.matches('.unseen, .skip'));
  const isLow = (place, least) => {
    const box = place.getBoundingClientRect();
    return box.height < least - 0.5 || box.width < 24;
  };
  const main = '.button, button.button, input:not([type=checkbox]), ' +
               'select, textarea';
  const width = document.documentElement.clientWidth;
  const wide = document.documentElement.scrollWidth > width;
  return {
    'too wide': wide ? [...document.querySelectorAll('body *')].filter(
      place => place.getBoundingClientRect().right > width + 0.5)
      .slice(-3).map(name) : [],
    'lower than 48': seen.filter(
      place => place.matches(main) && isLow(place, 48)).map(name),
    'smaller than 24': seen.filter(
      place => getComputedStyle(place).display !== 'inline' &&
               isLow(place, 24)).map(name),
  };
}"""
# Notes where the focus comes by, and counts where it can go.
LISTEN = """() => {
  window.stops = [];
  // Begin at the top, though the page led the focus elsewhere.
  document.body.tabIndex = -1;
  document.body.focus();
  document.body.removeAttribute('tabindex');
  document.addEventListener('focusin', ({ target }) => {
    const box = target.getBoundingClientRect();
    const look = getComputedStyle(target);
    const up = scrollY;
    window.stops.push({
      what: target.outerHTML.slice(0, 120),
      region: target.closest('header, nav, main, footer')?.outerHTML.slice(
        0, 40) || 'none',
      ring: look.outlineStyle !== 'none' && parseFloat(look.outlineWidth) >= 2,
      left: box.left, right: box.right,
      top: box.top + up, bottom: box.bottom + up,
    });
  });
  const places = [...document.querySelectorAll(
    'a[href], button, input:not([type=hidden]), select, textarea, summary')]
    .filter(place => place.checkVisibility() && place.tabIndex >= 0);
  return Math.min(places.length, 40);
}"""
# Every text gets 40 percent longer, as in languages with long words.
STRETCH = """() => {
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found = [];
  while (texts.nextNode()) found.push(texts.currentNode);
  for (const node of found) {
    const text = node.textContent.trim();
    if (!text || node.parentElement.closest('pre, code, textarea')) continue;
    node.textContent += ' ' + text.slice(0, Math.ceil(text.length * 0.4));
  }
}"""
