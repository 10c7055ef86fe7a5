"""The bodies of cloud providers."""

from typing import Self

from pydantic import BaseModel

AZURE_NOTE = "coming soon"


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
        return cls(
            items=[
                ProviderBody(id="aws", name="AWS", available=True),
                ProviderToCome(id="azure", name="Azure", available=False, note=AZURE_NOTE),
            ]
        )
