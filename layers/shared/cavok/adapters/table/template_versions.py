"""How many accounts of an organization have a role of which version, in the table."""

from pynamodb.attributes import NumberAttribute
from pynamodb.transactions import TransactWrite

from cavok.adapters.table import keys
from cavok.adapters.table.table import Item, Table


class TemplateVersionItem(Item):
    """The number of an organization's accounts whose role has a version: as many as by_template
    has under it.
    """

    accounts = NumberAttribute()


class TemplateVersions:
    """Reads the numbers. Writes of accounts update them."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def counts(self, organization_id: str) -> dict[int, int]:
        """The number of accounts by version."""
        found = TemplateVersionItem.query(
            keys.organization_pk(organization_id),
            TemplateVersionItem.sk.startswith(keys.TEMPLATE),
            consistent_read=True,
        )
        return {int(item.sk.removeprefix(keys.TEMPLATE)): int(item.accounts) for item in found}


def count_version(
    transaction: TransactWrite, organization_id: str, before: int | None, after: int | None
) -> None:
    """Adds to a transaction that an account counts under the version `after`, no longer under
    `before`. Null is none.
    """
    if before == after:
        return
    pk = keys.organization_pk(organization_id)
    for version, change in ((before, -1), (after, +1)):
        if version is not None:
            item = TemplateVersionItem(pk, keys.template_sk(version))
            transaction.update(item, [TemplateVersionItem.accounts.add(change)])
