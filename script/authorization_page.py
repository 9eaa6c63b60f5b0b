"""The page of the policy, whose table is written from the acts themselves."""

from vestibule.policy import Act, Who

BEGIN = """\
# Who may do what

<!-- Written by script/make-docs from the acts in src/vestibule/policy.py. -->

One table decides who may do what to which thing, at every door. What it
does not allow is refused. Every route of the pages and every call of the
API names its act, or the application does not start. The route lets nobody
in who may do its act to nothing at all; then the operation asks once more
with the one thing that is meant, so that no door can forget. Scripts that
call an operation from Python are asked as well: `by=` says who acts, and
`vestibule.policy.OPERATOR` is whoever runs the server.

Only two things decide: how the actor stands towards the thing, and how long
ago they have proven who they are. An administrator's own things are theirs
as anybody's are. A disabled account is nobody, from the next request on.

| Who asks | A page | The API, and forms that are sent |
|---|---|---|
| nobody | leads to `/login` and back | 401 `auth.required` |
| somebody who may not | 403 | 403 `forbidden` |
| somebody whose proof is too old | leads to `/confirm` and back | 401 \
`proof.too_old`; a form leads to `/confirm` |
| somebody who may, where nothing is | 404 | 404 `missing` |

A refusal is the same whether the thing is there or not, so that nobody can
find out names and numbers by asking. What is refused to somebody signed in
stands in the history under the code of the act, with the outcome
`forbidden`; of very many in a row only the first twenty and then a few.
A request has the rights of the moment when all of it has arrived.

[Settings](settings.md): `VESTIBULE_ANONYMOUS_STATUS`,
`VESTIBULE_NOT_ALLOWED_STATUS` (the `classroom` preset answers 401) and
`VESTIBULE_SESSION_PROOF`. The tests in `tests/policy` are made from this
table, and a route that is not in it fails them.

## The table

A fresh proof is to have signed in, or confirmed the password, a few minutes
ago. Where everybody else who is signed in may do something, it is to their
own, or to what is nobody's.

"""
COLUMNS = {
    "Nobody": Who.ANONYMOUS,
    "Somebody else": Who.OTHER,
    "Owner": Who.OWNER,
    "Administrator": Who.ADMIN,
}

END = """
## Which fields

| Field | Read by | Written by |
|---|---|---|
| username, first and last name, picture | its owner, administrators | its owner |
| e-mail address | its owner, administrators | its owner, and it counts once a link was opened there |
| language, theme | its owner | its owner |
| password | nobody | its owner; the operator by a command |
| whether the address is confirmed | its owner, administrators | the mailed link; the operator |
| administrator or not, active or disabled | its owner, administrators | another administrator, in a call of its own; the operator |
| number, when it was made | its owner, administrators | nobody |
| title and content of feedback | its owner, administrators | the same |
| whose feedback it is, its number and times | its owner, administrators | nobody |
| a host's own fields | as the host says | as the host says |

A field that an act does not take is refused in JSON and ignored in a form,
never written. `tests/policy/test_who_sees_what.py` holds this for each
answer.

## What else decides

Besides who somebody is, these attributes of a request do:

| What | What it changes |
|---|---|
| how long ago the person has proven who they are | serious acts ask for the password again after `VESTIBULE_SESSION_PROOF` |
| whether the device is known for the account | a budget of attempts of its own; no letter about the sign-in |
| the network address | a budget of attempts; nothing else, and no place is trusted |
| how many attempts there were | waiting, work, or a day closed ([who may try how often](operators/budgets.md)) |
| `Origin`, `Sec-Fetch-Site` | what comes from another site is refused |
| whether the address is confirmed | sign-in, where `VESTIBULE_VERIFIED_EMAIL_REQUIRED` says so |
| whether the account is active | nothing is allowed to one that is disabled |

Neither the time of day, nor the country, nor the browser decides anything.
"""  # noqa: E501 - tables are not broken


def authorization_page() -> str:
    """Write the page: what the policy is, then a row for each act."""
    names = ["Act", "Thing", *COLUMNS, "With a fresh proof"]
    lines = [cells(names), "|---|---" + "|:-:" * len(COLUMNS) + "|---|\n"]
    return BEGIN + "".join([*lines, *map(act_row, Act)]) + END


def act_row(act: Act) -> str:
    """Write the row of one act."""
    marks = ["✓" if who in act.allowed else "–" for who in COLUMNS.values()]
    fresh = [name.lower() for name, who in COLUMNS.items() if who in act.fresh]
    told = ", ".join(fresh) or "–"
    return cells([f"`{act.code}`", act.thing, *marks, told])


def cells(texts: list[str]) -> str:
    """Write a row of the table."""
    return f"| {' | '.join(texts)} |\n"
