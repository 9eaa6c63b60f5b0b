"""Faults of files and folders: who gets at them, and what is lost."""

import os
import shutil

from clinic import (
    KEY,
    Clinic,
    public_folder,
)
from faults.matrix import fault
from vestibule.doctor.finding import ERROR, NOTICE, WARNING


def env_of_mode(clinic: Clinic, mode: int) -> None:
    """Write a file of settings where everybody gets in."""
    path = public_folder(clinic) / ".env"
    path.write_text("VESTIBULE_SITE_NAME=Club\n")
    path.chmod(mode)
    clinic.env_file = path


@fault("files.env", ERROR)
def env_for_all_readers(clinic: Clinic) -> None:
    """Everybody on the machine can read .env."""
    env_of_mode(clinic, 0o644)


@fault("files.env", ERROR)
def env_for_all_writers(clinic: Clinic) -> None:
    """The group can change .env."""
    env_of_mode(clinic, 0o620)


@fault("files.env", NOTICE)
def env_for_a_group(clinic: Clinic) -> None:
    """The group of an ordinary user can read .env."""
    env_of_mode(clinic, 0o640)
    assert clinic.env_file is not None
    os.chown(clinic.env_file, 4711, 4711)
    clinic.in_the_world(user=4711)


@fault("files.env", WARNING)
def env_of_somebody(clinic: Clinic) -> None:
    """.env belongs to another user."""
    env_of_mode(clinic, 0o600)
    assert clinic.env_file is not None
    os.chown(clinic.env_file, 4711, 4711)


@fault("files.secrets", ERROR)
def open_secret_file(clinic: Clinic) -> None:
    """Everybody can read the file that SECRET_KEY_FILE names."""
    path = public_folder(clinic) / "key"
    path.write_text(KEY)
    path.chmod(0o644)
    clinic.having(secret_key=None)
    clinic.environment["VESTIBULE_SECRET_KEY_FILE"] = str(path)


@fault("files.secrets", WARNING)
def secret_of_root(clinic: Clinic) -> None:
    """Root has put a secret here that everybody can read."""
    open_secret_file(clinic)
    os.chown(clinic.environment["VESTIBULE_SECRET_KEY_FILE"], 0, 0)
    clinic.in_the_world(user=4711)


@fault("files.secrets", ERROR)
def open_mail_password(clinic: Clinic) -> None:
    """Everybody can change the file with the password for mail."""
    path = public_folder(clinic) / "mail"
    path.write_text("box-secret")
    path.chmod(0o602)
    clinic.environment["VESTIBULE_MAIL_PASSWORD_FILE"] = str(path)


@fault("files.data", WARNING)
def open_data(clinic: Clinic) -> None:
    """Everybody gets into the data folder."""
    clinic.having(data=public_folder(clinic))


@fault("files.data", WARNING)
def data_of_a_group(clinic: Clinic) -> None:
    """A group may write into the data folder, as Kubernetes sets it up."""
    folder = public_folder(clinic)
    folder.chmod(0o2770)
    clinic.having(data=folder)


@fault("files.data", ERROR)
def writable_data(clinic: Clinic) -> None:
    """Everybody can put files into the data folder."""
    folder = public_folder(clinic)
    folder.chmod(0o777)
    clinic.having(data=folder)


@fault("files.data", WARNING)
def data_of_somebody(clinic: Clinic) -> None:
    """The data folder belongs to another user."""
    os.chown(clinic.settings().data_folder, 4711, 4711)


@fault("files.database", ERROR)
def open_database(clinic: Clinic) -> None:
    """Everybody can read the database file."""
    path = public_folder(clinic) / "vestibule.db"
    shutil.copy(clinic.installation().database.file, path)
    path.chmod(0o644)
    clinic.having(database_url=f"sqlite:///{path}")


@fault("files.pages", ERROR)
def lost_pages(clinic: Clinic) -> None:
    """The templates did not come along."""
    clinic.in_the_world(package=clinic.folder)


@fault("files.brand", ERROR)
def lost_brand(clinic: Clinic) -> None:
    """The folder with the look is not there."""
    clinic.having(brand=clinic.folder / "nowhere")


@fault("files.brand", NOTICE)
def pale_brand(clinic: Clinic) -> None:
    """The colour of buttons can hardly be seen."""
    folder = clinic.folder / "brand"
    folder.mkdir()
    (folder / "brand.css").write_text(
        ":root { --vestibule-primary: #fafafa; --vestibule-bg: #ffffff }"
    )
    clinic.having(brand=folder)
