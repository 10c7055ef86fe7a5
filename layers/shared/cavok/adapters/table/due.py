"""The entries of the index by_due, of accounts and of enrollments."""

from pynamodb.attributes import UnicodeAttribute

from cavok.adapters.table import keys
from cavok.adapters.table.table import Item


class DueItem(Item):
    """An entry of by_due. Its time is read on demand: one in another form must hide no others."""

    next_verification_at = UnicodeAttribute()

    def ids(self, prefix: str) -> tuple[str, str]:
        """The organization's, and its own: what follows this prefix of its sort key."""
        pk, sk = self.pk, self.sk
        return pk.removeprefix(keys.ORGANIZATION), sk.removeprefix(prefix)
