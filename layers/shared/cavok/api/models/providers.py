"""The bodies of cloud providers."""

from typing import Self

from pydantic import BaseModel

from cavok.domain.providers import Provider


class ProviderBody(BaseModel):
    id: str
    name: str
    available: bool


class ProviderToCome(ProviderBody):
    note: str


class ProviderList(BaseModel):
    items: list[ProviderToCome | ProviderBody]

    @classmethod
    def of_all(cls) -> Self:
        """The providers, whether or not they can be connected yet."""
        return cls(items=[cls._body_of(provider) for provider in Provider])

    @staticmethod
    def _body_of(provider: Provider) -> ProviderToCome | ProviderBody:
        title, note = provider.descriptor.title, provider.descriptor.note
        if note is None:
            return ProviderBody(id=provider, name=title, available=True)
        return ProviderToCome(id=provider, name=title, available=False, note=note)
