"""Worlds whose tokens others can verify."""

import attrs

from leadnator_auth.adapters.jwt_tokens import JwtTokens, PairMaker
from leadnator_auth.domain import KeyRing, MasterKeys, Ports, SigningAlgorithm, keep_signing_keys

SECRET = "a secret of the tests, long enough"


def process(ports: Ports, algorithm: SigningAlgorithm, master_keys: MasterKeys | None = None) -> Ports:
    """Returns the ports of a process over the same store that has just started, with keys that are there already."""
    ring, keys = KeyRing(algorithm), ports.master_keys if master_keys is None else master_keys
    return attrs.evolve(
        ports,
        policy=attrs.evolve(ports.policy, signing_algorithm=algorithm),
        key_ring=ring,
        key_maker=PairMaker(),
        master_keys=keys,
        tokens=JwtTokens([SECRET], ring=ring, master_keys=keys),
    )


async def started(ports: Ports, algorithm: SigningAlgorithm, master_keys: MasterKeys | None = None) -> Ports:
    """Returns the same, the keys that are missing made."""
    world = process(ports, algorithm, master_keys)
    await keep_signing_keys(ports=world)
    return world
