"""Evolution: a design of k blocks, each of l tokens, is right when every block is.

A mutation of a block is right every other time. Intuitive: the whole design is mutated
at once until all blocks are right together, which takes 2^k proposals of k l tokens at
most. Careful: one block after the other is mutated until it is right, 2 proposals of l
tokens each at most. The score is plain code. The paper's costs: m 2^k k^2 l^2 against
m k l^2.
"""

from __future__ import annotations

from openai import OpenAI

from position_paper.asking import ask

MODEL = "gpt-5-mini"
ROLE = "Mutate the design. Answer with the design alone."
BLOCK = (
    "Block {number} of {case} rests on {what} beams, which are cut from the same oak "
    "and laid crosswise, end on end."
)
WEAK = "slender"


def evolve_whole(case: str, blocks: int) -> str:
    """Mutate the whole design until all of its blocks are right."""
    design = first_design(case, blocks)
    proposal, tries = design, 0
    with OpenAI() as client:
        while not is_right(proposal):
            proposal = mutate(client, design, tries)
            tries += 1
    return proposal


def evolve_blocks(case: str, blocks: int) -> str:
    """Mutate one block after the other until it is right."""
    design = first_design(case, blocks).splitlines()
    with OpenAI() as client:
        for number, block in enumerate(design):
            proposal, tries = block, 0
            while not is_right(proposal):
                proposal = mutate(client, block, tries)
                tries += 1
            design[number] = proposal
    return "\n".join(design)


def mutate(client: OpenAI, design: str, tries: int) -> str:
    """Propose a changed design, or a changed block."""
    return ask(client, MODEL, ROLE, f"Proposal {tries}\n{design}")


def is_right(design: str) -> bool:
    """Whether every block is; no model is asked."""
    return WEAK not in design


def first_design(case: str, blocks: int) -> str:
    """A design of so many blocks, none of them right; about 25 tokens a line."""
    return "\n".join(
        BLOCK.format(number=n, case=case, what=WEAK) for n in range(blocks)
    )
