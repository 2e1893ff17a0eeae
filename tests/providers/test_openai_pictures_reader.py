"""Pictures and embeddings of OpenAI are read."""

import base64
from decimal import Decimal

from wire_samples import plain, request, streamed

from pytest_agentflow.model.call import Message, Picture, Response
from pytest_agentflow.model.usage import Usage
from pytest_agentflow.providers.read import read

GENERATIONS = "/v1/images/generations"
JPEG = b"\xff\xd8\xff\xe0 not really"
B64 = base64.b64encode(JPEG).decode()

USAGE = {
    "input_tokens": 50,
    "input_tokens_details": {"text_tokens": 40, "image_tokens": 10},
    "output_tokens": 1056,
    "total_tokens": 1106,
}


def test_a_picture_has_its_data_size_quality_and_price_units() -> None:
    """What the answer says goes before what was asked; tokens are those of images."""
    asked = {"model": "gpt-image-1-mini", "prompt": "A harbour", "size": "auto"}
    answered = {
        "data": [{"b64_json": B64}, {"b64_json": B64}],
        "size": "1024x1024",
        "quality": "medium",
        "output_format": "jpeg",
        "usage": USAGE,
    }
    reading = plain(GENERATIONS, asked, answered)
    assert reading.kind == "image"
    assert reading.model == "gpt-image-1-mini"
    assert reading.messages == (
        Message(role="user", text="A harbour", path="$.prompt"),
    )
    picture = Picture(
        media_type="image/jpeg", data=JPEG, size="1024x1024", quality="medium"
    )
    assert reading.pictures == (picture, picture)
    assert reading.usage == Usage(
        input_tokens=50,
        output_tokens=1056,
        input_image_tokens=10,
        output_image_tokens=1056,
        units={"images:1024x1024:medium": Decimal(2)},
    )


def test_a_picture_without_tokens_is_counted_all_the_same() -> None:
    """DALL-E reports nothing and answers a URL; its API's defaults say the rest."""
    asked = {"model": "dall-e-3", "prompt": "A sunset"}
    answered = {"data": [{"url": "https://x.example/1", "revised_prompt": "The sun"}]}
    reading = plain(GENERATIONS, asked, answered)
    assert reading.pictures[0].data == b""
    assert reading.answer == "The sun"
    units = {"images:1024x1024:standard": Decimal(1)}
    assert reading.usage == Usage(units=units)


def test_an_edit_is_read_from_its_form() -> None:
    """Prompt, model and size stand in the fields of a multipart form."""
    body = (
        b'--xyz\r\nContent-Disposition: form-data; name="prompt"\r\n\r\n'
        b"Make it blue\r\n--xyz\r\n"
        b'Content-Disposition: form-data; name="image"; filename="a.png"\r\n'
        b"Content-Type: image/png\r\n\r\n\x89PNG\x00\xff\r\n--xyz\r\n"
        b'Content-Disposition: form-data; name="model"\r\n\r\n'
        b"gpt-image-1\r\n--xyz--\r\n"
    )
    response = Response(status=200, body=b'{"data": [{"b64_json": ""}]}')
    told = request("/v1/images/edits", body)
    headers = (("content-type", "multipart/form-data; boundary=xyz"),)
    for sent in (told, request("/v1/images/edits", body, headers=headers)):
        reading = read(sent, response)
        assert reading.model == "gpt-image-1"
        assert [(m.text, m.path, m.images) for m in reading.messages] == [
            ("Make it blue", "$.prompt", 1)
        ]


def test_a_streamed_picture_is_the_completed_one() -> None:
    """Partial pictures are previews, not products."""
    partial = {"type": "image_generation.partial_image", "b64_json": "AAAA"}
    done = {
        "type": "image_generation.completed",
        "b64_json": B64,
        "size": "1024x1024",
        "quality": "low",
        "usage": USAGE,
    }
    asked = {"model": "gpt-image-1", "prompt": "A harbour", "stream": True}
    reading = streamed(GENERATIONS, asked, [partial, partial, done], named=True)
    assert [p.data for p in reading.pictures] == [JPEG]
    assert reading.usage is not None
    assert reading.usage.output_image_tokens == 1056
    assert reading.usage.units == {"images:1024x1024:low": Decimal(1)}


def test_embeddings_have_input_tokens_only() -> None:
    """Texts get their paths; lists of token numbers are no text."""
    answered = {
        "model": "text-embedding-3-small",
        "data": [],
        "usage": {"prompt_tokens": 8, "total_tokens": 8},
    }
    reading = plain("/v1/embeddings", {"input": ["a", [1, 2], "b"]}, answered)
    assert reading.kind == "embeddings"
    assert reading.usage == Usage(input_tokens=8)
    assert [(m.text, m.path) for m in reading.messages] == [
        ("a", "$.input[0]"),
        ("b", "$.input[2]"),
    ]
    one = plain("/v1/embeddings", {"input": "a"}, {"usage": {"total_tokens": 4}})
    assert one.usage == Usage(input_tokens=4)
    assert one.messages[0].path == "$.input"
