"""The acts that the history knows, in words.

Pages tell them; what is asked of the history is held against them.
"""


def _(text: str) -> str:
    """Mark a text as one to be translated where it is shown."""
    return text


ACTS = {
    "registration": _("Account created"),
    "importing": _("Account brought over from another system"),
    "login": _("Sign-in"),
    "login.stop": _("Sign-in closed to new devices for a day"),
    "login.new_device": _("Sign-in with a new device"),
    "not_me": _("“This wasn’t me”: everybody signed out, password ended"),
    "account.shut_out": _("“This wasn’t me”: signed out everywhere else"),
    "not_me.shut_out": _("“This wasn’t me”: signed out everywhere else"),
    "recent_proof": _("Password confirmed again"),
    "session.end": _("Sign-out"),
    "session.end_one": _("Sign-out of another device"),
    "session.end_others": _("Sign-out of all other devices"),
    "session.end_all": _("Sign-out on all devices"),
    "password.change": _("Password change"),
    "password.rehash": _("Password kept in a safer form"),
    "password_reset.ask": _("Password reset requested"),
    "password_reset.finish": _("Password reset"),
    "password_reset": _("Password reset"),
    "email_verification.ask": _("Confirmation message sent"),
    "email_verification.confirm": _("Email address confirmed"),
    "email.change.ask": _("Change of email address requested"),
    "email.change": _("Change of email address"),
    "email.undo": _("Change of email address undone"),
    "email_verification.code": _("Code from a message tried"),
    "letter": _("Email message"),
    "profile.update": _("Profile change"),
    "picture": _("New picture"),
    "picture.change": _("New picture"),
    "picture.remove": _("Picture removed"),
    "feedback.add": _("Feedback written"),
    "feedback.change": _("Feedback changed"),
    "feedback.delete": _("Feedback deleted"),
    "feedback.list": _("Look at the list of feedback"),
    "feedback.see": _("Look at one feedback"),
    "feedback.search": _("Search in all feedback"),
    "account.see": _("Look at the account"),
    "account.export": _("Data export"),
    "account.delete": _("Deletion of the account"),
    "export": _("Data export"),
    "deletion": _("Deletion of the account"),
    "administration.promote": _("Made an administrator"),
    "administration.demote": _("Administrator’s role taken away"),
    "administration.disable": _("Account disabled"),
    "administration.enable": _("Account enabled"),
    "administration.send_reset": _("Reset link sent by an administrator"),
    "administration.set_password": _("Password set by the operator"),
    "users.list": _("Look at the list of users"),
    "users.inspect": _("Look at the account as an administrator"),
    "users.disable": _("Account disabled"),
    "users.enable": _("Account enabled"),
    "users.promote": _("Made an administrator"),
    "users.demote": _("Administrator’s role taken away"),
    "users.send_reset": _("Reset link sent by an administrator"),
    "users.end_sessions": _("Sign-out on all devices"),
    "history.search": _("Search in the history of everybody"),
    "history.export": _("Download of the history of everybody"),
}
