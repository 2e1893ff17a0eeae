"""Addresses by which anybody may post to a chat are recorded without what lets in."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_agentflow.model.call import Request, Response
from pytest_agentflow.recording.redact import Redactor

REDACTOR = Redactor({})

# All made up; the forms are those of the services' documentation.
GUID = "7aa49aa6-7840-443d-806c-08ebe8f59966"
HEX = "8592f62b50cf41b98592f62b50cf41b9"
LONG = "Q7xkAb12Cd34Ef56Gh78Ij90Kl-mN_oP3qRsTuVwXyZa1b2c3d4e5f6g7h8i9j0k1l2m3"
BOT = "AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw1"
SIG = LONG[:43]

DISCORD, TEAMS, TELEGRAM, SLACK, SIGNED = (
    "discord-webhook",
    "teams-webhook",
    "telegram-token",
    "slack-webhook",
    "signed-address",
)
OFFICE = f"{GUID}@{GUID}/IncomingWebhook/{HEX}/{GUID}"
AZURE = OFFICE.replace("@", "%40").replace("Incoming", "AzureDevOps")
CHAT = "https://chat.googleapis.com"
LOGIC = "https://prod-00.westus.logic.azure.com:443/workflows/"
POWER = (
    "https://default01.ef.environment.api.powerplatform.com:443"
    "/powerautomate/automations/direct/workflows/"
)
INVOKE = f"{HEX}/triggers/manual/paths/invoke?api-version=2016-06-01"
HOOKS = [
    (DISCORD, "https://discord.com/api/webhooks/123456789012345678/", LONG),
    (DISCORD, "https://discordapp.com/api/v10/webhooks/12345678901234567/", LONG),
    (DISCORD, "https://ptb.discord.com/api/webhooks/12345678901234567890/", LONG),
    (TEAMS, f"https://acme.webhook.office.com/webhookb2/{OFFICE}", ""),
    (TEAMS, f"https://acme.webhook.office.com/webhookb2/{OFFICE}/V2", SIG),
    (TEAMS, f"https://outlook.office.com/webhook/{OFFICE}", ""),
    (TEAMS, f"https://acme.webhook.office.com/webhookb2/{AZURE}", ""),
    (TELEGRAM, "https://api.telegram.org/bot110201543:", BOT),
    (
        TELEGRAM,
        "https://api.telegram.org/bot123456:",
        "ABC-DEF1234ghIkl-zyx57W2v1u123ew11",
    ),
    (SLACK, "https://hooks.slack.com/services/T0ABCDEF12/B0ABCDEF12/", LONG[:24]),
    (SLACK, "https://hooks.slack.com/triggers/T0ABCDEF12/1234567890123/", LONG[:32]),
    (SIGNED, f"{CHAT}/v1/spaces/AAAAGCYeSRY/messages?threadKey=a&token=", f"{SIG}%3D"),
    (SIGNED, f"{LOGIC}{INVOKE}&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=", SIG),
    (SIGNED, f"{POWER}{INVOKE}&sig=", SIG),
]
FORMS = {
    "as it is": str,
    "in JSON": lambda a: json.dumps({"url": a}),
    "in JSON in JSON": lambda a: json.dumps({"arguments": json.dumps({"url": a})}),
    "slashes escaped": lambda a: json.dumps({"url": a}).replace("/", "\\/"),
    "slashes escaped twice": lambda a: json.dumps(
        {"arguments": json.dumps({"url": a}).replace("/", "\\/")}
    ),
    "in Markdown": lambda a: f"Post to [the channel]({a}). Then go on.",
    "in a command": lambda a: f"curl -d '{{}}' '{a}'",
    "in a parameter": lambda a: f"https://relay.test/?to={quote(a, safe='')}",
}


def secret_of(kind: str, begun: str, rest: str) -> str:
    """What must not be there: the end, and for a connector its last identifier."""
    return rest or f"{HEX}/{GUID}" if kind == TEAMS else rest


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("kind", "begun", "rest"), HOOKS)
def test_no_address_that_lets_anybody_post_is_written(
    kind: str, begun: str, rest: str, form: str
) -> None:
    """In any notation; what is left names what was there, and is found no more."""
    text = FORMS[form](begun + rest)
    clean = REDACTOR.document(text)
    for written in (secret_of(kind, begun, rest), quote(rest or GUID, safe="")):
        assert written not in clean
    assert REDACTOR.hits(clean) == []
    assert REDACTOR.document(clean) == clean
    assert REDACTOR.hits(text)


@pytest.mark.parametrize(("kind", "begun", "rest"), HOOKS)
def test_the_host_is_told_and_the_kind(kind: str, begun: str, rest: str) -> None:
    """Who reads the recording sees which service was meant."""
    clean = REDACTOR.document(json.dumps({"url": begun + rest}))
    assert json.loads(clean)["url"].startswith("/".join(begun.split("/")[:3]))
    assert f"[redacted:{kind}]" in clean or kind == SIGNED


@pytest.mark.parametrize(("kind", "begun", "rest"), HOOKS)
def test_a_workflow_that_posts_there_records_no_such_path(
    kind: str, begun: str, rest: str
) -> None:
    """A request keeps its path apart from its host."""
    _, _, host, path = (begun + rest).split("/", 3)
    path, _, query = f"/{path}".partition("?")
    asked = Request(
        method="POST", scheme="https", host=host, port=443, path=path, query=query
    )
    clean = Redactor({}).request(asked)  # it learns what it sees: not for other tests
    assert secret_of(kind, begun, rest) not in clean.path + clean.query
    assert clean.path.startswith("/")


def test_a_bot_that_tells_its_token_is_not_recorded_with_it() -> None:
    """Without an address around it, too."""
    told = json.dumps({"token": f"110201543:{BOT}", "say": f"it is 110201543:{BOT}."})
    assert BOT not in REDACTOR.document(told)
    answer = Response(status=200, body=told.encode())
    assert BOT.encode() not in REDACTOR.response(answer).body


HARMLESS = [
    "https://discord.com/channels/123456789012345678/123456789012345679",
    "https://discord.com/developers/resources/webhooks/execute-webhook",
    "https://cdn.discordapp.com/attachments/123456789012345678/1234567890/hero.png",
    f"https://shop.test/api/webhooks/12345/{LONG}",
    "https://api.github.com/repos/acme/shop/hooks/12345678/deliveries",
    "POST /api/webhooks/{webhook.id}/{webhook.token}",
    "https://acme.test/workflows/TEMPLATES/deployment/production",
    "https://ci.test/triggers/TEAM/12345678/production",
    f"https://docs.test/webhook/{GUID}/settings/{HEX}",
    f"https://teams.microsoft.com/l/channel/19%3A{HEX}%40thread.tacv2/General",
    f"https://portal.test/webhook?tenant={GUID}&user={GUID}",
    f"https://acme.test/robots.txt?trace={GUID}@{GUID}",
    "https://chat.google.com/room/AAAAGCYeSRY",
    "https://chat.googleapis.com/v1/spaces/AAAAGCYeSRY/messages?pageSize=100",
    "https://core.telegram.org/bots/api#authorizing-your-bot",
    "https://t.me/acme_bot?start=12345678",
    "https://api.telegram.org/bot<token>/getMe",
    "https://acme.test/bot/110201543/AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw1",
    "12345678:AA",
    f"2026-11-21T10:20:30 build 20261121:{HEX}",
    f"sha256:{HEX}{HEX}",
    f"order 110201543: {BOT}",
]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("address", HARMLESS)
def test_ordinary_addresses_stay_as_they_are(address: str, form: str) -> None:
    """Channels, documentation, identifiers and hashes let nobody in."""
    text = FORMS[form](address)
    assert REDACTOR.document(text) == text
    assert REDACTOR.hits(text) == []


SEGMENTS = st.lists(
    st.from_regex(r"[a-z0-9-]{1,24}", fullmatch=True)
    | st.sampled_from(["webhooks", "webhook", "services", "bot", "api", HEX, GUID]),
    min_size=1,
    max_size=6,
)


@given(SEGMENTS)
def test_paths_of_words_and_identifiers_are_no_webhooks(segments: list[str]) -> None:
    """Only the services' own forms are: a word of theirs is not enough."""
    address = f"https://acme.test/{'/'.join(segments)}"
    assert REDACTOR.document(address) == address
