"""The page of the doctor: every check, and the fault that proves it.

The faults are found by reading the source of the tests.
"""

import ast
import re
from itertools import chain
from pathlib import Path

from vestibule.doctor.checks import GROUPS, Check, When
from vestibule.doctor.examination import in_order

ROOT = Path(__file__).resolve().parent.parent
FAULTS = sorted((ROOT / "tests/faults").glob("*.py"))
Told = dict[str, list[str]]

BEGIN = """\
# The doctor

<!-- Written by script/make-docs from src/vestibule/doctor and
tests/faults. -->

`vestibule doctor` looks at an installation and says what is wrong with it,
why that matters, and the exact fix. It changes nothing, and shows no secret.
In an application that mounts Vestibule it is `flask vestibule doctor`. Run
it as the user that the site runs as, in the folder of `.env`.

<!-- suite: not run, because what is wrong depends on the machine -->
```sh
vestibule doctor
vestibule doctor --deploy --fail-level warning
vestibule doctor --json
```

- `--deploy` is as strict as a site for others needs it, and asks the public
  address from outside, as a visitor would.
- `--verbose` also lists what is fine, and what was not looked at and why.
- `--dns 192.0.2.53` asks this name server in place of the system's.
- Whatever does not answer is waited for a few seconds at most, and the whole
  examination for about twenty.

## States and exit status

| State | Meaning |
|---|---|
| `error` | it does not work, or lets somebody in; `vestibule serve` does not \
start with one of a check that is marked *at the start* |
| `warning` | a protection is missing, or something will fail |
| `notice` | could be better |
| `ok` | looked at, and fine |
| `skipped` | not looked at: there is nothing of the kind, or it cannot be \
reached |

| Exit status | |
|---|---|
| 0 | nothing is at or above `--fail-level`, which is `error` if left out |
| 1 | something is, and nothing is an error |
| 2 | wrong usage of the command |
| 5 | there is an error |

`vestibule serve` makes the checks that are marked *at the start* each time.
With an error it prints the finding and ends with the status 2; warnings go
to the log once.

## JSON

The shape stays; new checks, and new keys, may come.

<!-- suite: not run, because it is what a command prints -->
```json
{
  "vestibule": "0.1.0",
  "deploy": true,
  "state": "warning",
  "counts": {"skipped": 9, "ok": 52, "notice": 0, "warning": 1, "error": 0},
  "findings": [
    {
      "id": "mail.spf",
      "group": "mail",
      "state": "warning",
      "what": "example.com has no SPF record.",
      "why": "Large mail providers refuse mail of a domain without one, …",
      "fix": "example.com. IN TXT \\"v=spf1 mx -all\\""
    }
  ]
}
```

A check may have several findings, and has one in any case. `fix` is what to
copy, perhaps over several lines.

## How it asks the public address

With `--deploy` it sends a request to `/check` of the public address, with a
header signed by the secret key and a forged `X-Forwarded-For`. Only this
installation can read the header, and its answer, signed as well, says which
network address, forwarding header and host have arrived. Anybody else who
sends such a header is answered as ever. DKIM is not checked: only the mail
server knows under which name its key stands in the DNS.

## All checks

Each of them is proven twice by the suite: a healthy installation is told
nothing, and each fault below is really made and must be found.
"""
OCCASIONS = {
    When.START: "also at the start of `serve`",
    When.ASKED: "",
    When.DEPLOY: "with `--deploy`",
}


def doctor_page() -> str:
    """Write the page: how it is called, then each check by its group."""
    told = faults()
    groups = dict.fromkeys(GROUPS[one.group] for one in in_order())
    ways = " ·\n".join(
        f"[{title}](#{re.sub('[^a-z0-9]+', '-', title.lower())})"
        for title in groups
    )
    parts, group = [f"{BEGIN}\n{ways}\n"], ""
    for one in in_order():
        if one.group != group:
            group = one.group
            parts.append(f"\n### {GROUPS[group]}\n")
        parts.append(section(one, told.get(one.id, [])))
    return "".join(parts)


def section(one: Check, told: list[str]) -> str:
    """Write what is known of a check."""
    when = OCCASIONS[one.when]
    states = ", ".join(f"`{state}`" for state in one.states)
    fix = "\n".join(f"    {line}" for line in one.fix.splitlines())
    return (
        f"\n#### {one.id}\n\n{one.fine}\n"
        f"*{states}{', ' if when else ''}{when}.* {one.why}\n\n{fix}\n\n"
        f"Faults: {' '.join(told)}\n"
    )


def faults() -> Told:
    """Read the sentence of each fault out of the tests."""
    found: Told = {}
    trees = [ast.parse(file.read_text("utf-8")) for file in FAULTS]
    for node in chain.from_iterable(map(ast.walk, trees)):
        if isinstance(node, ast.FunctionDef):
            for mark in node.decorator_list:
                if isinstance(mark, ast.Call):
                    name = ast.literal_eval(mark.args[0])
                    said = " ".join((ast.get_docstring(node) or "").split())
                    found.setdefault(name, []).append(said)
        elif isinstance(node, ast.Call) and named(node) == "set_to":
            name = ast.literal_eval(node.args[0])
            for option in node.keywords:
                value = ast.literal_eval(option.value)
                said = f"`VESTIBULE_{str(option.arg).upper()}={value}`."
                found.setdefault(name, []).append(said)
    return found


def named(call: ast.Call) -> str:
    """Say the name of what is called."""
    return call.func.id if isinstance(call.func, ast.Name) else ""
