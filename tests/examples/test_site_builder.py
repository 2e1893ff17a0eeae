"""The website builder, both variants, against the scripted provider over real HTTP."""

from __future__ import annotations

import json
import re
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("openai", reason="the website builder uses the openai SDK")
Image = pytest.importorskip("PIL.Image", reason="pictures are read with pillow")

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "website_builder"
CUSTOMERS = ("hotel", "bakery", "clinic", "shipyard", "school", "museum")
WORKFLOWS = ("build_site", "build_site_single")

Seen = list[tuple[str, dict[str, Any]]]


@dataclass(frozen=True)
class Built:
    """A website and the requests that it took."""

    folder: Path
    seen: Seen

    @property
    def html(self) -> str:
        """The page as it was written."""
        return (self.folder / "index.html").read_text("utf-8")


class Page(HTMLParser):
    """The words, links and picture files of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.tags: list[str] = []
        self.references: list[str] = []
        self.anchors: set[str] = set()
        self._silent = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep the tag and what its attributes refer to or say."""
        self.tags.append(tag)
        self._silent = tag in {"script", "style"}
        for name, value in attrs:
            if name in {"src", "href"}:
                self.references.append(value or "")
            elif name == "id":
                self.anchors.add(value or "")
            elif name in {"alt", "content", "title"} and tag != "meta":
                self.words.append(value or "")

    def handle_endtag(self, tag: str) -> None:  # noqa: ARG002
        """Text may follow again."""
        self._silent = False

    def handle_data(self, data: str) -> None:
        """Keep text that people can read."""
        if not self._silent:
            self.words.append(data)

    @property
    def text(self) -> str:
        """All words, white space made single."""
        return " ".join(" ".join(self.words).split())


@pytest.fixture(scope="module", autouse=True)
def importable() -> Iterator[None]:
    """The example and the provider, importable as their users import them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(EXAMPLE))
        patch.syspath_prepend(str(ROOT))
        yield
        from site_builder import offers

        offers.database().close()
    for name in [n for n in sys.modules if n.split(".")[0] == "site_builder"]:
        del sys.modules[name]


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], Built]:
    """Every customer's website, built once by each workflow."""
    import site_builder

    from fixtures.provider import serve

    built = {}
    seen: Seen = []
    with serve(seen=seen) as url, pytest.MonkeyPatch.context() as patch:
        patch.setenv("OPENAI_BASE_URL", url)
        patch.setenv("OPENAI_API_KEY", "authored")
        for workflow in WORKFLOWS:
            for name in CUSTOMERS:
                out = tmp_path_factory.mktemp(f"{workflow}-{name}")
                getattr(site_builder, workflow)(name, out=out)
                built[workflow, name] = Built(out, seen.copy())
                seen.clear()
    return built


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The scripted provider, named in the environment."""
    from fixtures.provider import serve

    with serve() as url:
        monkeypatch.setenv("OPENAI_BASE_URL", url)
        monkeypatch.setenv("OPENAI_API_KEY", "authored")
        yield url


def contact(customer: str) -> dict[str, str]:
    """The person at the customer, as the profile has them."""
    profile = json.loads((EXAMPLE / "profiles" / f"{customer}.json").read_text())
    person: dict[str, str] = profile["contact"]
    return person


def material(built: Built) -> str:
    """What the first model of a workflow was given, as one line of text."""
    path, asked = built.seen[0]
    text = asked["input"] if "responses" in path else asked["messages"][1]["content"]
    return " ".join(text.split())


def numbers(text: str) -> set[str]:
    """Every figure of a text, with its separators."""
    return set(re.findall(r"\d+(?:[,.:]\d+)*", text))


every_site = pytest.mark.parametrize("workflow", WORKFLOWS)
every_customer = pytest.mark.parametrize("customer", CUSTOMERS)


@every_site
@every_customer
def test_the_folder_is_a_whole_website(
    sites: dict[tuple[str, str], Built], workflow: str, customer: str
) -> None:
    """Each workflow writes a page of full size and every picture that it shows."""
    built = sites[workflow, customer]
    page = Page(built.html)
    pictures = [r for r in page.references if r.endswith(".png")]

    assert len(built.html.splitlines()) > 150
    assert len(pictures) == 4
    assert {p.name for p in built.folder.iterdir()} == {"index.html", *pictures}
    assert page.tags.count("h1") == 1
    assert {"header", "nav", "main", "footer"} <= set(page.tags)
    assert {r[1:] for r in page.references if r.startswith("#")} <= page.anchors


@every_customer
def test_the_split_workflow_asks_four_models(
    sites: dict[tuple[str, str], Built], customer: str
) -> None:
    """A plan, four pictures, a streamed page and a review, in this order."""
    steps = [
        (path.rsplit("/", 1)[-1], asked["model"], asked.get("stream", False))
        for path, asked in sites["build_site", customer].seen
    ]

    assert steps == [
        ("completions", "gpt-5-mini", False),
        *[("generations", "gpt-image-1-mini", False)] * 4,
        ("completions", "gpt-5-mini", True),
        ("completions", "gpt-5-nano", False),
    ]


@every_customer
def test_the_single_model_is_asked_once(
    sites: dict[tuple[str, str], Built], customer: str
) -> None:
    """One request carries the whole task, the picture tool included."""
    ((path, asked),) = sites["build_site_single", customer].seen

    assert path.endswith("/responses")
    assert asked["model"] == "gpt-5"
    assert [t["type"] for t in asked["tools"]] == ["image_generation"]


@every_customer
def test_both_workflows_get_the_same_material(
    sites: dict[tuple[str, str], Built], customer: str
) -> None:
    """The comparison is fair: profile, research, offers and voices are the same."""
    split = material(sites["build_site", customer])

    assert material(sites["build_site_single", customer]).startswith(split)


@every_customer
def test_no_personal_data_reaches_the_artist_or_the_page(
    sites: dict[tuple[str, str], Built], customer: str
) -> None:
    """The contact person is known to the personalizer only."""
    person = contact(customer)
    built = sites["build_site", customer]
    prompts = [a["prompt"] for path, a in built.seen if "images" in path]
    known = material(built)

    assert person["name"] in known
    for value in (person["name"], person["email"], person["phone"]):
        assert not [p for p in prompts if value in p]
        assert value not in built.html
        assert value not in sites["build_site_single", customer].html


@every_site
@every_customer
def test_the_birth_date_stays_in_the_profile(
    sites: dict[tuple[str, str], Built], workflow: str, customer: str
) -> None:
    """No request of any stage holds it."""
    sent = json.dumps(sites[workflow, customer].seen)

    assert contact(customer)["birth_date"] not in sent


@every_site
@every_customer
def test_every_number_on_the_page_has_a_source(
    sites: dict[tuple[str, str], Built], workflow: str, customer: str
) -> None:
    """Figures, prices, times, dates and the phone number stand in the material."""
    built = sites[workflow, customer]
    # what the rotator and the numbered sections count is no claim
    shown = numbers(Page(built.html).text) - {"1", "2", "3", "4"}
    given_numbers = {n.replace(",", "") for n in numbers(material(built))}

    assert len(shown) > 10
    assert {n for n in shown if n.replace(",", "") not in given_numbers} == set()


@every_site
@every_customer
def test_prices_are_those_of_the_price_list(
    sites: dict[tuple[str, str], Built], workflow: str, customer: str
) -> None:
    """Every offer of the industry is shown with its price, and VAT is mentioned."""
    from site_builder import agents, inputs

    text = Page(sites[workflow, customer].html).text
    offers = agents.find_offers(inputs.customer(customer).industry)
    listed = {f"£{o.price_gbp:,}" for o in offers}
    shown = {p.rstrip(",.") for p in re.findall(r"£[\d,]+", text)}

    assert listed <= shown
    assert all(p in material(sites[workflow, customer]) for p in shown - listed)
    assert "Prices exclude VAT" in text


@every_site
@every_customer
def test_the_page_says_how_to_reach_the_seller(
    sites: dict[tuple[str, str], Built], workflow: str, customer: str
) -> None:
    """Address, phone, e-mail and office hours, as the guideline wants them."""
    page = Page(sites[workflow, customer].html)
    seller = json.loads((EXAMPLE / "seller.json").read_text())

    for key in ("address", "phone", "email", "office_hours"):
        assert seller[key] in page.text
    assert f"mailto:{seller['email']}" in page.references
    assert f"tel:{seller['phone'].replace(' ', '')}" in page.references


@every_site
@every_customer
def test_testimonials_are_quoted_word_for_word(
    sites: dict[tuple[str, str], Built], workflow: str, customer: str
) -> None:
    """All three voices stand on the page, with name and role."""
    text = Page(sites[workflow, customer].html).text
    said = json.loads((EXAMPLE / "testimonials.json").read_text())

    for voice in said:
        assert {voice["quote"], voice["name"], voice["role"]} == {
            part for part in voice.values() if part in text
        }


@every_site
@every_customer
def test_a_page_uses_the_brand_and_loads_nothing_foreign(
    sites: dict[tuple[str, str], Built], workflow: str, customer: str
) -> None:
    """Its colours are tokens; it refers to its own folder, to mail and to phone."""
    html = sites[workflow, customer].html
    tokens = json.loads((EXAMPLE / "brand.tokens.json").read_text())["color"]
    brand = {t["$value"]["hex"] for n, t in tokens.items() if not n.startswith("$")}
    kinds = {r.split(":")[0] if ":" in r else r[:1] for r in Page(html).references}

    assert set(re.findall(r"#[0-9a-f]{6}\b", html)) <= brand
    assert not re.findall(r"url\(|@import|@font-face", html)
    assert all(k in {"mailto", "tel"} or len(k) == 1 for k in kinds)


def test_no_two_pages_are_clones(sites: dict[tuple[str, str], Built]) -> None:
    """Any two pages share less than half of their four-word sequences."""

    def sequences(built: Built) -> set[tuple[str, ...]]:
        words = Page(built.html).text.lower().split()
        return {tuple(words[i : i + 4]) for i in range(len(words) - 3)}

    pages = [(key, sequences(built)) for key, built in sites.items()]
    shared = {
        (one, other): len(a & b) / len(a | b)
        for i, (one, a) in enumerate(pages)
        for other, b in pages[i + 1 :]
    }

    assert {pair: share for pair, share in shared.items() if share >= 0.5} == {}


@every_customer
def test_pictures_are_small_square_png(
    sites: dict[tuple[str, str], Built], customer: str
) -> None:
    """Each is 1024 by 1024, has a palette and weighs less than 40 kB."""
    for path in sites["build_site", customer].folder.glob("*.png"):
        with Image.open(path) as picture:
            assert (picture.size, picture.mode) == ((1024, 1024), "P")
        assert path.stat().st_size < 40_000


def test_the_artist_paints_at_the_same_time(
    provider: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """All four image calls are under way before the first is answered."""
    import site_builder

    from fixtures.provider.script import Script

    together = threading.Barrier(4, timeout=20)
    answer = Script.picture

    def wait_for_the_others(script: Script, prompt: str) -> bytes:
        together.wait()
        return answer(script, prompt)

    monkeypatch.setattr(Script, "picture", wait_for_the_others)
    folder = site_builder.build_site("hotel", out=tmp_path)

    assert provider
    assert len(list(folder.glob("*.png"))) == 4


def test_qa_can_correct_a_page(sites: dict[tuple[str, str], Built]) -> None:
    """Where QA sends a page back, that page is shipped, not the first one."""
    authored = ROOT / "fixtures" / "provider" / "answers" / "museum"
    review = json.loads((authored / "qa.json").read_text("utf-8"))
    shipped = sites["build_site", "museum"].html.strip()

    assert shipped == review["html"].strip()
    assert shipped != (authored / "page.html").read_text("utf-8").strip()


def test_the_workflow_knows_nothing_of_its_tests() -> None:
    """The example's own code imports nothing of the plugin."""
    code = [p.read_text("utf-8") for p in (EXAMPLE / "site_builder").glob("*.py")]

    assert len(code) > 4
    assert not [text for text in code if "agentflow" in text]


@given(query=st.text(max_size=80), customer=st.sampled_from(CUSTOMERS))
def test_research_about_other_customers_is_never_retrieved(
    query: str, customer: str
) -> None:
    """Whatever is asked, passages are the customer's own or common, best first."""
    from site_builder.retrieval import retrieve

    found = retrieve(f"{query} energy hotel", customer=customer)
    scores = [d.score for d in found]

    assert found
    assert scores == sorted(scores, reverse=True)
    assert all(
        not d.id.startswith("customers/") or d.id.startswith(f"customers/{customer}#")
        for d in found
    )
    assert found == retrieve(f"{query} energy hotel", customer=customer)


def post(url: str, body: object, *, key: bool = True) -> tuple[int, dict[str, Any]]:
    """Send a request without any SDK."""
    import httpx

    headers = {"authorization": "Bearer authored"} if key else {}
    reply = httpx.post(url, json=body, headers=headers)
    answer: dict[str, Any] = reply.json()
    return reply.status_code, answer


def chat(role: str, user: str, **more: object) -> dict[str, object]:
    """A chat request with a system and a user message."""
    messages = [
        {"role": "system", "content": role},
        {"role": "user", "content": user},
    ]
    return {"model": "gpt-5-mini", "messages": messages, **more}


def test_a_reply_counts_four_characters_a_token_and_says_it_is_authored(
    provider: str,
) -> None:
    """Usage is arithmetic on the real texts, and the fingerprint tells whose it is."""
    asked = chat("You are the personalizer", "Page for Saltmarsh Hotel, please")
    status, body = post(f"{provider}/chat/completions", asked)
    answer = body["choices"][0]["message"]["content"]

    assert status == 200
    assert body["system_fingerprint"] == "authored"
    assert body["usage"]["prompt_tokens"] == -(-(24 + 1 + 32) // 4)
    assert body["usage"]["completion_tokens"] == -(-len(answer) // 4)
    assert post(f"{provider}/chat/completions", asked) == (status, body)


def test_a_streamed_reply_is_the_plain_one_in_pieces(provider: str) -> None:
    """The deltas join to the same answer, and the last chunk has the same usage."""
    import httpx

    role = "You are the front-end developer"
    plain = post(f"{provider}/chat/completions", chat(role, "Westmere Day Clinic"))[1]
    streamed = httpx.post(
        f"{provider}/chat/completions",
        json=chat(
            role,
            "Westmere Day Clinic",
            stream=True,
            stream_options={"include_usage": True},
        ),
        headers={"authorization": "Bearer authored"},
    ).text
    events = [e.removeprefix("data: ") for e in streamed.strip().split("\n\n")]
    chunks = [json.loads(e) for e in events[:-1]]
    deltas = [c["choices"][0]["delta"].get("content", "") for c in chunks[:-1]]

    assert events[-1] == "[DONE]"
    assert "".join(deltas) == plain["choices"][0]["message"]["content"]
    assert chunks[-1]["usage"] == plain["usage"]


@pytest.mark.parametrize(
    ("path", "body", "key", "status", "words"),
    [
        ("chat/completions", chat("", ""), False, 401, "API key"),
        ("embeddings", {}, True, 404, "Invalid URL"),
        ("chat/completions", chat("You are a pirate", "x"), True, 400, "roles"),
        (
            "chat/completions",
            chat("You are the personalizer", "a page for Acme"),
            True,
            400,
            "Saltmarsh Hotel",
        ),
        ("images/generations", {"prompt": "a cat"}, True, 400, "visual"),
    ],
)
def test_what_was_not_scripted_is_refused_with_a_reason(  # noqa: PLR0917
    provider: str,
    path: str,
    body: dict[str, object],
    key: bool,
    status: int,
    words: str,
) -> None:
    """The provider never makes up an answer."""
    got, answer = post(f"{provider}/{path}", body, key=key)

    assert got == status
    assert words in answer["error"]["message"]


def test_answers_of_a_nearer_folder_win(tmp_path: Path) -> None:
    """One authored file replaces one answer; all others stay."""
    from fixtures.provider import serve
    from fixtures.provider.script import ANSWERS

    (tmp_path / "hotel").mkdir()
    (tmp_path / "hotel" / "qa.json").write_text('{"approved": false}')
    with serve(answers=[tmp_path, ANSWERS]) as url:
        replies = {
            name: post(
                f"{url}/chat/completions", chat("You are the QA engineer", name)
            )[1]["choices"][0]["message"]["content"]
            for name in ("Saltmarsh Hotel", "Tidewater Museum")
        }

    assert replies["Saltmarsh Hotel"] == '{"approved": false}'
    assert json.loads(replies["Tidewater Museum"])["approved"] is True
