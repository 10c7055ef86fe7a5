"""A verification's session between two states of its workflow, sealed for this verification."""

from collections.abc import Mapping

from cavok.adapters.customer.session import CustomerSession
from cavok.adapters.sealing import Sealer, session_context


def seal_session(session: CustomerSession, names: Mapping[str, str], sealer: Sealer) -> str:
    """Base64 text. `names` holds `organization_id`, `account_id` and `verification_id`."""
    return sealer.seal(session.as_secret(), _context(names))


def unseal_session(sealed: str, names: Mapping[str, str], sealer: Sealer) -> CustomerSession:
    """The session that `seal_session` sealed under the same names. Raises SealBroken otherwise."""
    return CustomerSession.of_secret(sealer.open(sealed, _context(names)))


def _context(names: Mapping[str, str]) -> dict[str, str]:
    return session_context(names["organization_id"], names["account_id"], names["verification_id"])
