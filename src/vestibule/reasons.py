"""Reasons that several forms have in common.

One thing that is wrong has one code and one text, whichever form it is
found on; what only one form can find stands in that form's own module.
"""

from vestibule.errors import Reason

EMAIL_MISSING = Reason("email.required", "Enter your email address")
USERNAME_MISSING = Reason("username.required", "Enter a username")
PASSWORD_MISSING = Reason("password.required", "Enter a password")
NEW_PASSWORD_MISSING = Reason("new_password.required", "Enter a new password")
PASSWORDS_DIFFER = Reason(
    "password2.mismatch", "Enter the same password in both fields"
)

# No reason, but said at every field for a new password.
NEW_HINT = "At least {least}. Three or four random words work well"
