"""One question to one model."""

from __future__ import annotations

from openai import OpenAI


def ask(client: OpenAI, model: str, role: str, told: str) -> str:
    """Ask a model that is told who it is and what to look at."""
    answer = client.chat.completions.create(
        model=model,
        messages=[
            {"role": "system", "content": role},
            {"role": "user", "content": told},
        ],
    )
    return answer.choices[0].message.content or ""
