"""The presets: bundles of settings to start from."""

# Each preset is a bundle of ordinary settings and nothing more.
PRESETS: dict[str, dict[str, str]] = {
    "default": {},
    "nist": {
        "PASSWORD_MIN_LENGTH": "15",
        "VERIFIED_EMAIL_REQUIRED": "true",
        "SESSION_IDLE": "1h",
        "SESSION_ABSOLUTE": "24h",
        "SESSION_REMEMBER": "24h",
        "HSTS": "subdomains",
    },
    "classroom": {
        "PASSWORD_MIN_LENGTH": "1",
        "PASSWORD_BLOCKLIST": "false",
        "EMAIL_CHANGE_IMMEDIATE": "true",
        "REVEAL_ACCOUNTS": "true",
        "RESET_TOKEN_IN_ANSWER": "true",
        "NOT_ALLOWED_STATUS": "401",
        "ATTEMPTS_PER_ACCOUNT": "1000",
        "ATTEMPTS_PER_ADDRESS": "10000",
        "LOOPBACK_ONLY": "true",
    },
}
