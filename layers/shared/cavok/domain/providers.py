"""The cloud providers: one descriptor each.

`GET /v1/providers`, the API's `provider`, the events' and the page's list follow from them. The
search by number knows AWS's alone.
"""

from dataclasses import dataclass

from cavok.domain.described import DescribedEnum


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderDescriptor:
    """What Cavok knows about a provider.

    name  the API's word for it.
    title the name for people.
    note  when its accounts can be connected. Null if they can be today.
    """

    name: str
    title: str
    note: str | None = None


class Provider(DescribedEnum):
    """The providers, in the order of the page."""

    descriptor: ProviderDescriptor

    @property
    def available(self) -> bool:
        """Whether accounts of it can be connected."""
        return self.descriptor.note is None

    AWS = ProviderDescriptor(name="aws", title="AWS")
    AZURE = ProviderDescriptor(name="azure", title="Azure", note="coming soon")


AVAILABLE = tuple(provider for provider in Provider if provider.available)
"""The providers whose accounts can be connected."""
