"""Languages are told where that is beyond doubt, and only there."""

from __future__ import annotations

import pytest
from agentflow_checks.a11y.rules import languages
from agentflow_checks.a11y.rules.languages import NoModel, function_words, lists, tell
from hypothesis import given, settings
from hypothesis import strategies as st

SENTENCES = {
    "de": "Die Zimmer sind hell und bieten einen Blick auf die Berge.",
    "en": "The rooms are bright and have a view of the mountains.",
    "es": "Las habitaciones son luminosas y tienen vistas a las montañas.",
    "fr": "Les chambres sont claires et offrent une vue sur les montagnes.",
    "it": "Le camere sono luminose e offrono una vista sulle montagne.",
    "ja": "部屋は明るく、山の景色が見えます。営業時間は九時からです。",
    "nl": "De kamers zijn licht en bieden uitzicht op de bergen.",
    "pl": "Witamy w naszym hotelu nad jeziorem, gdzie można odpocząć.",
    "sv": "Välkommen till vårt hotell vid sjön, där du kan vila.",
    "zh": "欢迎光临我们的湖畔酒店。您可以在这里好好休息。房间很明亮。",
}
NAMES = (
    "Louis Vuitton, Hermès, Chanel, Dior, Yves Saint Laurent, Givenchy, L'Oréal",
    "Johann Sebastian Bach, Ludwig van Beethoven, Georg Friedrich Händel",
    "Der Spiegel, Die Zeit, Frankfurter Allgemeine Zeitung, Bild am Sonntag",
    "Les Misérables, Le Comte de Monte-Cristo, À la recherche du temps perdu",
    "Boeuf bourguignon, coq au vin, tarte aux pommes, pain au chocolat",
    "Real Madrid, Atlético de Madrid, Deportivo de La Coruña, Celta de Vigo",
    "React, Vue.js, TypeScript, Node.js, PostgreSQL, Docker, Kubernetes",
    "const x = await fetch('/api/items'); return x.json(); // und die der das",
    "Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod",
)


@pytest.mark.parametrize("language", sorted(SENTENCES))
def test_a_sentence_is_in_its_language(language: str) -> None:
    """Text in the declared language passes."""
    assert tell(SENTENCES[language], language).verdict is True


def test_no_sentence_passes_for_another_language() -> None:
    """Text in another language fails or is asked about, and the right one is named."""
    for language, text in SENTENCES.items():
        for declared in SENTENCES.keys() - {language}:
            told = tell(text, declared)
            assert told.verdict is not True, (text, declared)
            assert told.verdict is None or told.found == language, (text, told)


@pytest.mark.parametrize(
    ("language", "declared"), [("de", "en"), ("fr", "de"), ("nl", "en"), ("ja", "en")]
)
def test_a_whole_sentence_of_another_language_fails(
    language: str, declared: str
) -> None:
    """Function words, or the script, and the model agree about plain sentences."""
    told = tell(SENTENCES[language], declared)
    assert told.verdict is False
    assert told.why


@pytest.mark.parametrize("text", NAMES)
def test_names_dishes_and_code_never_fail(text: str) -> None:
    """Lists of names and code are of no language, whatever is declared."""
    for declared in SENTENCES:
        assert tell(text, declared).verdict is not False, declared


def test_a_text_of_two_languages_does_not_fail() -> None:
    """A quotation does not make a text one of the quoted language."""
    text = f"{SENTENCES['en']} They call it: {SENTENCES['de']}"
    assert tell(text, "en").verdict is not False
    assert tell(text, "de").verdict is not False


def test_short_text_is_not_told() -> None:
    """Too few letters are a question, with their number."""
    told = tell("Tarte aux pommes", "en")
    assert told.verdict is None
    assert "16 letters" in told.why


@given(text=st.text(max_size=200), declared=st.sampled_from([*SENTENCES, "xx"]))
@settings(max_examples=60, deadline=None)
def test_any_text_gets_an_answer(text: str, declared: str) -> None:
    """No text breaks it; a failure names another language and says why."""
    told = tell(text, declared)
    assert told.verdict is None or told.verdict is True or told.found != declared
    assert told.verdict is True or told.why


@given(st.lists(st.sampled_from(sorted(lists()["en"])), max_size=20))
def test_function_words_are_counted_once_each(words: list[str]) -> None:
    """The count of a language is that of its words, single letters left out."""
    counted = function_words(words)["en"]
    assert sum(counted.values()) == sum(len(word) > 1 for word in words)


def test_a_missing_model_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the package the answer names it; function words still tell."""
    monkeypatch.setattr(languages.importlib.util, "find_spec", lambda _: None)
    languages._model.cache_clear()
    try:
        assert tell(SENTENCES["en"], "en").verdict is True
        with pytest.raises(NoModel, match=r"pip install 'pytest-agentflow\[web\]'"):
            tell(SENTENCES["de"], "en")
    finally:
        languages._model.cache_clear()
