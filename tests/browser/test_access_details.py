"""Access Details is public: whoever grants the permissions need not be who signs in."""

from __future__ import annotations

import httpx
from playwright.sync_api import expect

WITHOUT = (
    "Nothing works: the account cannot be entered.",
    "Some permissions can only be proved when they are used",
    "EC2 instances cannot be listed, started or stopped.",
    "Databases cannot be listed, started or stopped.",
    "Nothing is written to your CloudWatch Logs",
    "Such instances fall back to stopped after a start",
)


def test_every_permission_is_explained_without_signing_in(page, stack):
    page.goto(f"{stack.dashboard_url}#/access-details")
    expect(page.get_by_role("heading", name="Access Details")).to_be_visible()
    catalog = httpx.get(
        f"{stack.api_url.rstrip('/')}/v1/permissions", timeout=60, trust_env=False
    ).json()
    for group in catalog["groups"]:
        card = page.get_by_role("region", name=group["title"])
        expect(card).to_contain_text(group["why"])
        expect(card).to_contain_text("mandatory" if group["required"] else "optional")
        for action in group["actions"]:
            line = card.get_by_role("listitem").filter(
                has=page.get_by_text(action["action"], exact=True)
            )
            expect(line).to_contain_text(action["why"])
    expect(page.get_by_role("region", name="The policy as a document").first).to_contain_text(
        "ec2:StopInstances"
    )


def test_it_says_what_stops_working_without_each_group(page, stack):
    page.goto(f"{stack.dashboard_url}#/access-details")
    for text in WITHOUT:
        fact = page.locator("dl > div").filter(has_text="Without it")
        expect(fact.filter(has_text=text)).to_be_visible()
