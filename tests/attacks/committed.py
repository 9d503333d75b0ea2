"""Secrets in files: keys and tokens by their forms, as detect-secrets knows them, but for the samples that are none.

Rule: forms, not randomness: hashes of pins, signed cursors and ids are as random as a key, and would be found by the thousand.
"""

from collections.abc import Iterable
from pathlib import Path

from detect_secrets.core.secrets_collection import SecretsCollection
from detect_secrets.settings import transient_settings

_FORMS = [
    "AWSKeyDetector", "AzureStorageKeyDetector", "BasicAuthDetector", "DiscordBotTokenDetector", "GitHubTokenDetector",
    "GitLabTokenDetector", "JwtTokenDetector", "MailchimpDetector", "NpmDetector", "OpenAIDetector", "PrivateKeyDetector",
    "PypiTokenDetector", "SendGridDetector", "SlackDetector", "SquareOAuthDetector", "StripeDetector", "TelegramBotTokenDetector",
    "TwilioKeyDetector",
]  # fmt: skip
# Passwords in the addresses of examples and tests.
SAMPLES = frozenset(
    ["PASSWORD", "change-me", "hidden2", "hunter2", "hunter3", "hunter4", "p", "p%40ss", "secret", "{password}", "{PLANTED}"]
)


def secrets_in(paths: Iterable[Path]) -> list[str]:
    """Return what is found, as form, file and line."""
    with transient_settings({"plugins_used": [{"name": form} for form in _FORMS], "filters_used": []}):
        found = SecretsCollection()
        for path in paths:
            found.scan_file(str(path))
    return [f"{one.type} in {path} line {one.line_number}" for path, one in found if one.secret_value not in SAMPLES]
