"""Each reason has one text of its own, the one that the design names.

The design is the catalogue of errors in English and Russian that the pages
were planned with; where we differ, it stands here, and why.
"""

import re
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import Any

import pytest
from babel.messages.pofile import read_po
from click.testing import CliRunner
from flask import Flask

from conftest import PASSWORD, Browser, field_errors
from vestibule import capabilities, doors
from vestibule.auth import Auth
from vestibule.errors import Fault, Reason
from vestibule.ground.words import Phrase, characters, translated, waiting
from vestibule.user import User

# A reason is known once its module is imported.
for found in walk_packages(capabilities.__path__, f"{capabilities.__name__}."):
    import_module(found.name)

CATALOGUE = Path(doors.__file__).parents[1] / "translations" / "ru.po"
THREE_FREE = Phrase(
    "Try {first}, {second} or {third}",
    {"first": "anna_k", "second": "anna24", "third": "a_nna"},
)
# What the reasons are filled in with, to be compared with the design.
VALUES: dict[str, dict[str, Any]] = {
    "username.taken": {"advice": THREE_FREE},
    "password.too_short": {"least": characters(12)},
    "rate.wait": {"wait": waiting(240)},
}
DESIGNED = {
    "credentials.incorrect": (
        "Incorrect email, username or password. Check them, or reset your "
        "password",
        "Неверная почта, имя пользователя или пароль. Проверьте данные или "
        "сбросьте пароль",
    ),
    "email.required": (
        "Enter your email address",
        "Введите адрес электронной почты",
    ),
    "email.format": (
        "Enter an email address in the correct format, like name@example.com",
        "Введите адрес в правильном формате, например name@example.com",
    ),
    "email.too_long": (
        "Email address must be 254 characters or fewer",
        "Адрес электронной почты — не длиннее 254 символов",
    ),
    "email.taken": (
        "There is already an account with this email address. Sign in or "
        "reset your password",
        "Аккаунт с этим адресом уже есть. Войдите или сбросьте пароль",
    ),
    "username.required": ("Enter a username", "Введите имя пользователя"),
    "username.too_short": (
        "Username must be between 3 and 20 characters",
        "Имя пользователя — от 3 до 20 символов",
    ),
    "username.too_long": (
        "Username must be between 3 and 20 characters",
        "Имя пользователя — от 3 до 20 символов",
    ),
    "username.chars": (
        "Username can contain letters, numbers, dots, dashes and underscores",
        "В имени пользователя допустимы буквы, цифры, точка, дефис и "
        "подчёркивание",
    ),
    "username.taken": (
        "This username is already in use. Try anna_k, anna24 or a_nna",
        "Это имя уже занято. Попробуйте anna_k, anna24 или a_nna",
    ),
    "username.reserved": (
        "This username is reserved. Choose another one",
        "Это имя зарезервировано. Выберите другое",
    ),
    "password.required": ("Enter your password", "Введите пароль"),
    "new_password.required": ("Enter a password", "Придумайте пароль"),
    "password.too_short": (
        "Password must be at least 12 characters",
        "Пароль — не короче 12 символов",
    ),
    "password.common": (
        "This password is on a list of common passwords. Try three or four "
        "random words",
        "Этот пароль — один из самых распространённых. Попробуйте "
        "три-четыре случайных слова",
    ),
    "password.personal": (
        "Password must not contain your username or email address",
        "Пароль не должен содержать имя пользователя или адрес почты",
    ),
    "password.same": (
        "You are already using that password. Enter a different one",
        "Вы уже используете этот пароль. Введите другой",
    ),
    "password2.mismatch": (
        "Enter the same password in both fields",
        "Введите один и тот же пароль в оба поля",
    ),
    "old_password.incorrect": (
        "The old password is not correct",
        "Старый пароль указан неверно",
    ),
    "rate.wait": (
        "Too many tries. Try again in 4 minutes, or reset your password",
        "Слишком много попыток. Повторите через 4 минуты или сбросьте пароль",
    ),
    "account.disabled": (
        "This account has been closed to sign-in by support",
        "Вход в этот аккаунт закрыт службой поддержки",
    ),
    "picture.kind": (
        "The picture must be a JPG, PNG or SVG",
        "Изображение должно быть в формате JPG, PNG или SVG",
    ),
    "picture.too_large": (
        "The picture must be smaller than 5 MB",
        "Изображение должно быть меньше 5 МБ",
    ),
    "picture.unreadable": (
        "The selected file could not be read. Choose another one",
        "Выбранный файл не читается. Выберите другой",
    ),
    "feedback.title.required": ("Enter a title", "Введите заголовок"),
    "feedback.title.too_long": (
        "Title must be 100 characters or fewer",
        "Заголовок — не длиннее 100 символов",
    ),
    "feedback.content.required": ("Enter your feedback", "Напишите отзыв"),
    "form.expired": (
        "This page was open too long, so we refreshed it. Check your "
        "answers and send again",
        "Страница была открыта слишком долго, мы её обновили. Проверьте "
        "ответы и отправьте ещё раз",
    ),
    "auth.required": ("Sign in to continue", "Войдите, чтобы продолжить"),
    "forbidden": (
        "You can’t open this page with this account",
        "Этому аккаунту страница недоступна",
    ),
    "last_admin": (
        "There must be at least one administrator",
        "Нужен хотя бы один администратор",
    ),
}
# Where our text is another one on purpose.
OTHERWISE = {
    "username.chars": "a name also begins with a letter or a number",
    "rate.wait": "stands wherever tries are counted, not at a sign-in alone",
    "account.disabled": "no end and no reason is kept",
    "picture.too_large": "another limit, and as large as the limit is allowed",
    "picture.unreadable": "says how to save it so that it can be read",
    "last_admin": "says what to do first",
}
# Texts of the contract, which stand word for word.
CONTRACT = {
    "Invalid credentials. Try again",
    "That is an invalid or expired token",
    "There is no account with that email. Try to register.",
}
BANNED = re.compile(
    r"\b(in)?valid\b|please|sorry|\bforbidden\b|oops|this field is required"
    r"|пожалуйст|извини|прости|упс|некорректн|недопустим|недействительн"
    r"|запрещен|запрещён|обязательное поле|\w+л\(а\)",
    re.IGNORECASE,
)


def in_both(code: str) -> tuple[str, str]:
    """Say a reason in English and in Russian, without its firm spaces."""
    fault = Fault(Reason.known[code], "", VALUES.get(code, {}))
    english, russian = fault.said_in("en"), fault.said_in("ru")
    return english, russian.replace("\xa0", " ")


@pytest.mark.parametrize("code", DESIGNED)
def test_a_reason_has_the_text_that_was_designed(code: str) -> None:
    is_as_designed = in_both(code) == DESIGNED[code]

    assert is_as_designed == (code not in OTHERWISE), in_both(code)


def all_texts() -> list[str]:
    """List every text there is, in both languages."""
    with CATALOGUE.open("rb") as file:
        found = read_po(file, locale="ru")
    texts: list[str] = []
    for message in found:
        for part in (message.id, message.string):
            texts += [part] if isinstance(part, str) else part or ()
    return [text for text in texts if text]


def test_no_text_blames_begs_or_scolds() -> None:
    texts = all_texts()
    assert len(texts) > 800

    assert [t for t in texts if BANNED.search(t) and t not in CONTRACT] == []


def test_the_word_for_what_is_banned_is_found() -> None:
    for text in (
        "An invalid name",
        "Please enter it",
        "This field is required",
        "Введите, пожалуйста, имя",
        "Недопустимый символ",
    ):
        assert BANNED.search(text), text


def ours() -> dict[str, Reason]:
    """List our reasons, without those of hosts in other tests."""
    known = Reason.known.items()
    return {k: v for k, v in known if not k.startswith("test.")}


def test_a_reason_ends_without_a_full_stop_in_either_language() -> None:
    wrong = [
        reason.code
        for reason in ours().values()
        if reason.text not in CONTRACT
        and any(
            text.endswith((".", "!"))
            for text in (reason.text, translated(reason.text, "ru"))
        )
    ]

    assert wrong == []


def test_no_two_reasons_of_a_field_say_the_same() -> None:
    seen: dict[str, str] = {}
    same = {"username.too_long"}
    for code, reason in ours().items():
        if code not in same:
            other = seen.setdefault(
                f"{code.split('.')[0]} {reason.text}", code
            )
            assert other == code


# What is wrong with a new account: its name, address and password.
WRONG = {
    "username.too_short": ("an", "an@example.com", PASSWORD),
    "username.reserved": ("admin", "an@example.com", PASSWORD),
    "username.mixed": ("annа", "an@example.com", PASSWORD),
    "email.format": ("anna", "nowhere", PASSWORD),
    "email.taken": ("anna", "alice@example.com", PASSWORD),
    "password.common": ("anna", "an@example.com", "password1"),
    "password.too_short": ("anna", "an@example.com", "zx9!"),
}


@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_page_api_and_command_say_the_same_of_the_same(
    app: Flask,
    auth: Auth,
    alice: User,
    language: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from vestibule.doors.cli import main

    monkeypatch.setenv("LC_ALL", f"{language}_XX.UTF-8")
    monkeypatch.setenv("VESTIBULE_HASH_MEMORY", "8")
    monkeypatch.setenv("VESTIBULE_HASH_PASSES", "1")
    browser = Browser(app)
    browser.client.environ_base["HTTP_ACCEPT_LANGUAGE"] = language
    data = str(auth.settings.data_folder)
    for code, (name, email, password) in WRONG.items():
        typed = {"username": name, "email": email}
        page = browser.send(
            "/register", typed, password1=password, password2=password
        )
        api = browser.client.post(
            "/api/v1/users", json={**typed, "password": password}
        )
        given = ["user", "create", email, "--username", name]
        command = CliRunner().invoke(
            main,
            [*given, "--password-stdin", "--data", data],
            input=f"{password}\n",
            env={"VESTIBULE_SECRET_KEY": auth.settings.site.secret_key},
        )

        assert api.json is not None
        assert api.json["code"] == code, api.json
        text = api.json["title"]
        assert [*field_errors(page).values()] == [text], code
        if code != "username.reserved":
            # The operator may give reserved names away.
            assert command.output == f"{text}.  [{code}]\n"
        assert bool(re.search("[а-яё]{4}", text)) == (language == "ru"), text
