"""What makes signing keys; it takes `cryptography`, which is an extra."""

from datetime import datetime

from leadnator_auth.domain.entities.signing_key import SigningKey
from leadnator_auth.domain.errors import MasterKeyMissingError
from leadnator_auth.domain.values.master_keys import MasterKeys
from leadnator_auth.domain.values.public_key import SigningAlgorithm


class PairMaker:
    """The KeyMaker of the keys that JwtTokens signs and verifies with."""

    def new_key(self, algorithm: SigningAlgorithm, master_keys: MasterKeys, now: datetime) -> SigningKey:
        from leadnator_auth.adapters.jwt_tokens import pairs, sealing  # not needed before

        private = pairs.new_private_key(algorithm)
        public = pairs.public_of(private)
        return SigningKey(
            kid=public.kid,
            public=public,
            sealed=sealing.sealed(pairs.bytes_of(private), public, master_keys),
            master_key_id=master_keys.newest_id,
            published_at=now,
        )

    def can_sign(self, key: SigningKey, master_keys: MasterKeys) -> bool:
        from leadnator_auth.adapters.jwt_tokens import pairs

        try:
            return pairs.public_of(pairs.private_key_of(key, master_keys)) == key.public
        except (MasterKeyMissingError, ValueError):
            return False
